# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The report of an inference run: the outcome of each case as JSON and as an HTML page."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from time import time
from typing import Any

from ignite.engine import Engine, Events
from monai.config import PathLike

from .. import __version__
from ..engines import CaseEvaluator, CaseResult
from ..report import get_weights_warning, inference_page, versions, write_page
from ..report.schema import InferenceCase, InferenceRun, write_run
from .evaluated_cases import case_name

__all__ = ["InferenceReport"]

logger = logging.getLogger(__name__)


class InferenceReport:
    """
    Writes the outcome of each case of a :py:class:`CaseEvaluator`'s run to ``output_dir``: ``report.json`` for
    programs, and ``report.html`` for people, a page that holds the cases' pictures (:py:class:`InferencePictures`) and
    needs nothing else.

    Both are written when the run ends, also by Ctrl-C or an error, which goes on. Cases are named by their path below
    ``dataset_dir``; nothing of DICOM headers is in them.

    Args:
        output_dir: folder for the files.
        dataset_dir: folder that the images are in.
        metadata: content of the bundle's ``metadata.json``, which may warn of the weights it was delivered with.
            Defaults to None.
        shard: "3/8" for a run of the third of eight shards, whose files are ``report_3_of_8.json`` and
            ``report_3_of_8.html``. Defaults to None, all cases.
    """

    def __init__(
        self,
        output_dir: PathLike,
        dataset_dir: PathLike,
        metadata: Mapping[str, Any] | None = None,
        shard: str | None = None,
    ) -> None:
        self.output_dir = Path(output_dir)
        self.dataset_dir = dataset_dir
        self.metadata = metadata
        self.shard = shard
        self._running = False

    def attach(self, engine: Engine) -> None:
        """Attach to a CaseEvaluator."""
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.COMPLETED, self)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def __call__(self, engine: CaseEvaluator) -> None:
        self.write(engine, self.shard)
        self._running = False

    def write(self, engine: CaseEvaluator, shard: str | None) -> bool:
        """
        Write the files of a report.

        Args:
            engine: after, or within, its run.
            shard: that its results are of, or None if they are of all cases.

        Returns:
            whether that was possible; an error is logged.
        """
        counts = Counter(result.status for result in engine.results)
        made_by = {} if engine.records is None else engine.records.describe_run()
        weights_sha256 = made_by.get("weights_sha256")
        run: InferenceRun = {
            "package": f"monai_unet3plus {__version__}",
            "weights_sha256": weights_sha256,
            "settings": made_by.get("settings", {}),
            "versions": versions(),
            "warning": get_weights_warning(weights_sha256, self.metadata),
            "dataset_dir": os.path.abspath(self.dataset_dir),
            "started": datetime.fromtimestamp(engine.started, timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time() - engine.started, 1),
            "counts": {**counts, "not_tried": engine.not_tried},
            "cases": [self._entry(engine, result) for result in engine.results],
        }
        data, page = self._list_files(shard)
        try:
            write_run(data, run)
            write_page(inference_page(run, [self._picture(engine, result.image) for result in engine.results]), page)
            logger.info("report: %s", page)
            return True
        except OSError as e:  # the disk is full, which the cases say already
            logger.error("the report was not written to %s: %s", self.output_dir, e.strerror)
            return False

    def remove(self) -> None:
        """Remove the files of the report of this shard, which another report contains."""
        for file in self._list_files(self.shard):
            file.unlink(missing_ok=True)

    def _start(self, engine: Engine) -> None:
        self._running = True

    def _fail(self, engine: CaseEvaluator, error: BaseException) -> None:
        if self._running:  # else a handler before this one refused to start, and an earlier report stays
            self(engine)
        raise error

    def _list_files(self, shard: str | None) -> tuple[Path, Path]:
        name = "report" if shard is None else f"report_{shard.replace('/', '_of_')}"
        return self.output_dir / f"{name}.json", self.output_dir / f"{name}.html"

    def _picture(self, engine: CaseEvaluator, image: str) -> Path | None:
        records = engine.get_records(image)
        return None if records is None else records.get_picture_path(image)

    def _entry(self, engine: CaseEvaluator, result: CaseResult) -> InferenceCase:
        prefix, records = f"{result.image}: ", engine.get_records(result.image)
        mask = None if records is None else os.path.relpath(records.get_mask_path(result.image), self.output_dir)
        return {
            "image": case_name(result.image, self.dataset_dir),
            "mask": mask,
            "status": result.status,
            "reason": result.reason.removeprefix(prefix),
            "remarks": [remark.removeprefix(prefix) for remark in result.remarks],
            "seconds": round(result.seconds, 1),
            "organs": result.organs,
        }
