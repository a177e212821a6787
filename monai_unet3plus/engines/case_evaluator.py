# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Inference over many cases, of which a bad one must not sink the run."""

from __future__ import annotations

import errno
import logging
import os
from dataclasses import dataclass, field
from time import time
from typing import Any

import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator
from monai.utils import CommonKeys

from ..remarks import collected_warnings
from .case_dataset import FAILURE, REMARKS, reason_of

__all__ = ["CaseEvaluator", "CaseResult"]

logger = logging.getLogger(__name__)

_NO_ROOM = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EROFS))


@dataclass
class CaseResult:
    """
    What became of a case.

    Args:
        image: path of its image.
        status: "segmented" or "failed".
        reason: why it failed, a sentence.
        remarks: what was warned of.
        seconds: how long inference and postprocessing took.
    """

    image: str
    status: str
    reason: str = ""
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0


class CaseEvaluator(SupervisedEvaluator):
    """
    A :py:class:`monai.engines.SupervisedEvaluator` that goes on with the next case when one fails.

    Loading (by :py:class:`CaseDataset`), inference and postprocessing, which saves the mask, fail or succeed together.
    Failures are logged as errors when they happen; handlers of ``ITERATION_COMPLETED`` are not called for them, since
    they expect an output. Where masks can't be written any more, as on a full disk, the run ends.

    ``results`` has an entry for each case of the latest run, ``not_tried`` the number of those that it did not get to.
    The loader's batch size has to be 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.results: list[CaseResult] = []

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
        super().run(global_epoch)

    def _iteration(self, engine: CaseEvaluator, batchdata: dict[str, Any]) -> Any:  # type: ignore[override]
        item = dict(batchdata)
        remarks = _first(item.pop(REMARKS, "")).splitlines()
        if FAILURE in item:
            return self._fail(CaseResult(_first(item[CommonKeys.IMAGE]), "failed", _first(item[FAILURE]), remarks))
        engine.state.batch = item
        result, started = CaseResult(_path_of(item[CommonKeys.IMAGE]), "segmented", remarks=remarks), time()
        with collected_warnings() as more:
            try:
                output = super()._iteration(engine, item)
            except Exception as e:
                logger.debug("case failed", exc_info=True)
                result.status, result.reason = "failed", reason_of(e)
                if any(text in result.reason for text in _NO_ROOM):
                    logger.error("masks can't be written any more, the run ends")
                    self.terminate()
        result.seconds = time() - started
        result.remarks += more
        if result.status == "failed":
            return self._fail(result)
        self.results.append(result)
        logger.info(
            "%d of %d: %s segmented in %.0f s",
            engine.state.iteration,
            engine.state.epoch_length,
            result.image,
            result.seconds,
        )
        return output

    def _fail(self, result: CaseResult) -> list:
        self.results.append(result)
        logger.error(result.reason if result.image in result.reason else f"{result.image}: {result.reason}")
        self.state.output = []
        return []

    def _fire_event(self, event_name: Any, *event_args: Any, **event_kwargs: Any) -> None:
        if event_name == Events.ITERATION_COMPLETED and self.results and self.results[-1].status == "failed":
            return
        super()._fire_event(event_name, *event_args, **event_kwargs)


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, (list, tuple)) else value)


def _path_of(image: torch.Tensor) -> str:
    return _first(getattr(image, "meta", {}).get("filename_or_obj", "a case without a file name"))
