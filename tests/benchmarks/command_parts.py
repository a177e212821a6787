# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
``python -m monai_unet3plus`` with a clock at its parts, whose seconds it writes to a file as JSON.

    python -m tests.benchmarks.command_parts FILE segment CT MASKS ...

The environment variable COMMAND_STARTED is the time when the shell started it. The functions of :py:data:`PARTS` are
timed; of nested ones the outer has the time without the inner.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import runpy
import sys
from time import time
from typing import Any

__all__ = ["PARTS", "REST"]

_START, _IMPORTS, _SETUP, _END = "start of Python", "import of PyTorch and MONAI", "configs, network, weights", "end"
REST = "rest of the run"
# what is timed from start to end, in this order
PARTS = {
    _START: "",
    _IMPORTS: "",
    _SETUP: "",
    "waiting for the process that reads": "monai_unet3plus.data.reading.reader_process:ReaderProcess.read",
    "preprocessing": "monai_unet3plus.engines.case_dataset:CaseDataset._transform",
    "network": "monai_unet3plus.inferers.presence_first:PresenceFirst.__call__",
    "slices to and from the network's grid": "monai_unet3plus.inferers:AdjacentSliceInferer.__call__",
    "back onto the file's grid": "monai_unet3plus.transforms:ProcessSafeInvertd.__call__",
    "facts and flags of the mask": "monai_unet3plus.handlers:QualityFlags.__call__",
    "picture": "monai_unet3plus.handlers:InferencePictures._draw",
    "writing the mask": "monai_unet3plus.engines.case_evaluator:CaseEvaluator._write",
    "report": "monai_unet3plus.handlers:InferenceReport.__call__",
    REST: "monai_unet3plus.engines.case_evaluator:CaseEvaluator.run",
}


def main() -> None:
    seconds = dict.fromkeys(PARTS, 0.0)
    seconds[_START] = time() - float(os.environ["COMMAND_STARTED"])
    before = time()
    from monai_unet3plus.utils.garbage import paused_collection

    with paused_collection():
        importlib.import_module("monai.bundle")
    seconds[_IMPORTS] = time() - before
    before = time()
    open_parts: list[float] = []  # seconds of the parts within each part at work
    for part, place in PARTS.items():
        if place:
            _clock(part, place, seconds, open_parts)
    file, sys.argv = sys.argv[1], ["monai_unet3plus", *sys.argv[2:]]
    try:
        runpy.run_module("monai_unet3plus", run_name="__main__", alter_sys=True)
    finally:
        ended = time()
        seconds[_SETUP] = ended - before - sum(seconds[part] for part, place in PARTS.items() if place)
        with open(file, "w", encoding="utf-8") as unfinished:
            json.dump({"seconds": seconds, "ended": ended}, unfinished)


def _clock(part: str, place: str, seconds: dict[str, float], open_parts: list[float]) -> None:
    """Put a function that counts its seconds in the place of another."""
    module, name = place.split(":")
    owner, method = name.split(".")
    cls = getattr(importlib.import_module(module), owner)
    function = getattr(cls, method)

    @functools.wraps(function)
    def clocked(*args: Any, **kwargs: Any) -> Any:
        start = time()
        open_parts.append(0.0)
        try:
            return function(*args, **kwargs)
        finally:
            taken = time() - start
            seconds[part] += taken - open_parts.pop()
            if open_parts:
                open_parts[-1] += taken

    setattr(cls, method, clocked)


if __name__ == "__main__":
    main()
