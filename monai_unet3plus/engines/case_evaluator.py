# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference over many cases that goes on when one of them fails."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from time import time
from typing import Any, NamedTuple

import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator
from monai.transforms import Compose, SaveImaged
from monai.utils import CommonKeys

from ..masks.records import MaskRecords
from ..utils.case_remarks import REMARKS
from ..utils.errors import describe_error
from .case_dataset import DONE, FAILURE, IMAGE_STATE
from .loaded_weights import RequireLoadedWeights

__all__ = ["CaseEvaluator", "CaseResult"]

logger = logging.getLogger(__name__)

_NO_ROOM = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS))


@dataclass
class CaseResult:
    """
    The outcome of a case.

    Args:
        image: path of its image.
        status: "segmented", "unchanged", when it had its mask already, or "failed".
        reason: why it failed, a sentence.
        remarks: the warnings about it.
        seconds: how long inference, postprocessing and writing took.
        organs: facts about each organ's mask that handlers add, see
            :py:class:`monai_unet3plus.handlers.QualityFlags`.
        missing: a file beside the mask that was asked for and could not be written, such as "DICOM SEG"; remarks say
            why.
        image_state: of the image's files before they were read, None if that is not known.
    """

    image: str
    status: str
    reason: str = ""
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0
    organs: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: str = ""
    image_state: dict[str, Any] | None = None


class _Unwritten(NamedTuple):
    """A case whose mask is being written in the background, which gives the seconds that it took."""

    result: CaseResult
    place: str
    written: Future[float]


class CaseEvaluator(SupervisedEvaluator):
    """
    A :py:class:`monai.engines.SupervisedEvaluator` that goes on with the next case when one fails.

    Loading (by :py:class:`CaseDataset`), inference and postprocessing fail or succeed together. The mask is saved last:
    transforms of postprocessing from MONAI's ``SaveImaged`` on are called after handlers of ``MODEL_COMPLETED``.
    Failures are logged as errors when they are known; handlers of ``ITERATION_COMPLETED`` are not called for them, nor
    for cases that have their masks, since they expect an output. Where masks can't be written any more, as on a full
    disk, the run ends.

    ``results`` has an entry for each case of the latest run, ``current`` is that of the case at work, ``not_tried`` the
    number of those that it did not get to, ``started`` the time in seconds since the epoch. Functions that handlers of
    ``MODEL_COMPLETED`` append to ``after_saving`` are called once the case's mask is saved; they must not raise.
    The loader's batch size has to be 1. A network that nobody loaded weights into is refused, see
    :py:class:`RequireLoadedWeights`.

    Args:
        args: see :py:class:`monai.engines.SupervisedEvaluator`.
        postprocessing: transform of each output, such as a ``Compose``. Its ``SaveImaged`` and the transforms
            after it get "pred" only, and a list "remarks" for their warnings. Defaults to None.
        records: of the masks that are saved, see :py:class:`monai_unet3plus.masks.records.MaskRecords`;
            a run locks their folder. Defaults to None, no records are kept.
        write_in_background: whether a mask is written while the next case is computed. The outcome of a case is then
            known and logged when the next one is done, or when the run ends, however it ends. ``ITERATION_COMPLETED``
            comes before, so also for a case whose mask turns out not to be written. Defaults to False.
        kwargs: see :py:class:`monai.engines.SupervisedEvaluator`.
    """

    def __init__(
        self,
        *args: Any,
        postprocessing: Callable[..., Any] | None = None,
        records: MaskRecords | None = None,
        write_in_background: bool = False,
        **kwargs: Any,
    ) -> None:
        before, self.saving = _split_at_saving(postprocessing)
        kwargs["postprocessing"] = before
        super().__init__(*args, **kwargs)
        self.records = records
        self.write_in_background = write_in_background
        self._writer: ThreadPoolExecutor | None = None
        self._unwritten: _Unwritten | None = None
        self._has_output = False
        self.results: list[CaseResult] = []
        self.current = CaseResult("", "")
        self.after_saving: list[Callable[[], None]] = []
        self.started = 0.0
        RequireLoadedWeights(self.network).attach(self)

    @property
    def failures(self) -> dict[str, str]:
        """The reason why, for the image of each case that failed."""
        return {result.image: result.reason for result in self.results if result.status == "failed"}

    @property
    def succeeded(self) -> int:
        """The number of cases that have a mask."""
        return len(self.results) - len(self.failures)

    @property
    def not_tried(self) -> int:
        """The number of cases after the one at which the run ended."""
        return (self.state.epoch_length or 0) - len(self.results)

    def run(self, global_epoch: int = 1) -> None:  # type: ignore[override]
        self.results = []
        self.started = time()
        if self.state.epoch_length == 0:
            logger.info("there is no case for this run")  # a shard, where there are fewer cases than shards
            return
        with ExitStack() as stack:
            if self.records is not None:
                stack.enter_context(self.records.locked())
            if self.write_in_background:
                stack.callback(setattr, self, "_writer", None)
                self._writer = stack.enter_context(ThreadPoolExecutor(max_workers=1))
            stack.callback(self._settle)
            super().run(global_epoch)

    def _iteration(self, engine: CaseEvaluator, batchdata: dict[str, Any]) -> Any:  # type: ignore[override]
        item = dict(batchdata)
        remarks = _first(item.pop(REMARKS, "")).splitlines()
        state = json.loads(_first(item.pop(IMAGE_STATE, "null")))
        if DONE in item:
            done = CaseResult(_first(item[CommonKeys.IMAGE]), "unchanged")
            if self.records is not None:
                done.organs = self.records.read_organs(done.image)
            return self._end(done)
        if FAILURE in item:
            return self._end(CaseResult(_first(item[CommonKeys.IMAGE]), "failed", _first(item[FAILURE]), remarks))
        engine.state.batch = item
        image = _get_path(item[CommonKeys.IMAGE])
        result = self.current = CaseResult(image, "segmented", remarks=remarks, image_state=state)
        self.after_saving = []
        started = time()
        records = self.get_records(result.image)
        output: Any = []
        try:
            if records is not None:
                records.start(result.image)
            output = super()._iteration(engine, item)
        except Exception as e:
            _fail(result, e)
        result.seconds = time() - started
        return self._end(result, output)

    def _end(self, result: CaseResult, output: Any = None) -> Any:
        """Save the mask, if there is one, and note the outcome; the output of a case without one is an empty list."""
        self._settle()
        place = f"{self.state.iteration} of {self.state.epoch_length}: {result.image}"
        prediction = output[0][CommonKeys.PRED] if output and self.saving is not None else None
        if result.status == "segmented" and self._writer is not None:
            organs = deepcopy(result.organs)
            written = self._writer.submit(self._write, result, organs, prediction, self.after_saving)
            self._unwritten = _Unwritten(result, place, written)
        else:
            if result.status == "segmented":
                try:
                    result.seconds += self._write(result, result.organs, prediction, self.after_saving)
                except Exception as e:
                    _fail(result, e)
            self._note(result, place)
        self._has_output = result.status == "segmented"
        if not self._has_output:
            self.state.output = []
        return output if self._has_output else []

    def _write(
        self, result: CaseResult, organs: dict[str, Any], prediction: Any, then: Sequence[Callable[[], None]]
    ) -> float:
        """Write the files of a case, its record last, and return the seconds that it took."""
        started = time()
        if self.saving is not None:
            self.saving({CommonKeys.PRED: prediction, REMARKS: result.remarks})
        for function in then:
            function()
        records = self.get_records(result.image)
        if records is not None:
            records.finish(result.image, organs, result.image_state)
        return time() - started

    def _settle(self) -> None:
        """Wait for the mask that is being written, if there is one, and note the outcome of its case."""
        if self._unwritten is None:
            return
        result, place, written = self._unwritten
        error = written.exception()
        self._unwritten = None
        if error is None:
            result.seconds += written.result()
        else:
            _fail(result, error)
        self._note(result, place)

    def _note(self, result: CaseResult, place: str) -> None:
        """Note and log the outcome of a case."""
        self.results.append(result)
        if result.status == "segmented":
            logger.info("%s segmented in %.0f s", place, result.seconds)
            return
        if result.status == "unchanged":
            logger.info("%s has its mask", place)
            return
        if any(text in result.reason for text in _NO_ROOM) and not self.should_terminate:
            logger.error("masks can't be written any more, the run ends")
            self.terminate()
        logger.error(result.reason if result.image in result.reason else f"{result.image}: {result.reason}")
        records = self.get_records(result.image)
        try:
            aside = None if records is None else records.set_aside(result.image)
        except OSError as e:
            logger.error("%s: an older mask may be left: %s", result.image, e.strerror)
            return
        if aside is not None:
            result.remarks.append(f"an older mask was renamed to {aside.name}")
            logger.warning("%s: an older mask was renamed to %s", result.image, aside)

    def get_records(self, image: str) -> MaskRecords | None:
        """The records of the mask of a case, or None if there are none, as for one that is not in a file."""
        return self.records if os.path.lexists(image) else None

    def _fire_event(self, event_name: Any, *event_args: Any, **event_kwargs: Any) -> None:
        if event_name == Events.ITERATION_COMPLETED and not self._has_output:
            return
        if event_name in (Events.EPOCH_COMPLETED, Events.COMPLETED, Events.EXCEPTION_RAISED):
            self._settle()
        super()._fire_event(event_name, *event_args, **event_kwargs)


def _split_at_saving(postprocessing: Callable[..., Any] | None) -> tuple[Callable[..., Any] | None, Compose | None]:
    """The transforms before the first that saves, and those from it on."""
    if isinstance(postprocessing, Compose):
        for place, transform in enumerate(postprocessing.transforms):
            if isinstance(transform, SaveImaged):
                return Compose(postprocessing.transforms[:place]), Compose(postprocessing.transforms[place:])
    return postprocessing, None


def _fail(result: CaseResult, error: BaseException) -> None:
    logger.debug("case failed", exc_info=error)
    result.status, result.reason, result.organs = "failed", describe_error(error), {}  # there is no mask to tell of


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, (list, tuple)) else value)


def _get_path(image: torch.Tensor) -> str:
    return _first(getattr(image, "meta", {}).get("filename_or_obj", "a case without a file name"))
