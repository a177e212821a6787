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
from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from time import time
from typing import Any

from ignite.engine import Engine, Events
from monai.config import PathLike

from .. import __version__
from ..engines import CaseEvaluator
from ..files import remove_leftovers, replacing
from .evaluated_cases import case_name

__all__ = ["RunReport"]

logger = logging.getLogger(__name__)


class RunReport:
    """
    Writes ``report.json`` to ``output_dir``: what became of each case of a :py:class:`CaseEvaluator`'s run.

    It is written when the run ends, also by Ctrl-C or an error, which goes on. Cases are named by their path below
    ``dataset_dir``; nothing of DICOM headers is in it.

    Args:
        output_dir: folder for the file.
        dataset_dir: folder that the images are in.
    """

    def __init__(self, output_dir: PathLike, dataset_dir: PathLike) -> None:
        self.output_dir = Path(output_dir)
        self.dataset_dir = dataset_dir
        self._started = 0.0

    def attach(self, engine: Engine) -> None:
        """
        Args:
            engine: a CaseEvaluator.
        """
        engine.add_event_handler(Events.STARTED, self._start)
        engine.add_event_handler(Events.COMPLETED, self)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def __call__(self, engine: CaseEvaluator) -> None:
        """
        Args:
            engine: after, or within, its run.
        """
        counts = Counter(result.status for result in engine.results)
        run = {"package": f"monai_unet3plus {__version__}"} if engine.records is None else engine.records.describe_run()
        report = {
            **run,
            "started": datetime.fromtimestamp(self._started, timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time() - self._started, 1),
            "counts": {**counts, "not_tried": engine.not_tried},
            "cases": [self._entry(asdict(result)) for result in engine.results],
        }
        try:
            file = self.output_dir / "report.json"
            remove_leftovers(file)
            with replacing(file) as path:
                path.write_text(json.dumps(report, indent=4, allow_nan=False), encoding="utf-8")
        except OSError as e:  # the disk is full, which the cases say already
            logger.error("report.json was not written to %s: %s", self.output_dir, e.strerror)

    def _start(self, engine: Engine) -> None:
        self._started = time()

    def _fail(self, engine: CaseEvaluator, error: BaseException) -> None:
        self(engine)
        raise error

    def _entry(self, result: Mapping[str, Any]) -> dict[str, Any]:
        image, name = result["image"], case_name(result["image"], self.dataset_dir)
        return {
            **result,
            "image": name,
            "reason": result["reason"].removeprefix(f"{image}: "),
            "remarks": [remark.removeprefix(f"{image}: ") for remark in result["remarks"]],
            "seconds": round(result["seconds"], 1),
        }
