# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, time
from typing import NamedTuple

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"


class Run(NamedTuple):
    """
    A command that has ended.

    Args:
        seconds: from its start to its end.
        processor: seconds of all its threads and processes.
        memory: the most that one of its processes held, in GiB.
    """

    seconds: float
    processor: float
    memory: float


def run_inference(data: Path, out: Path) -> Run:
    """
    Run the bundle's inference as it is delivered, by ``python -m monai.bundle run``, and make all masks anew.

    Args:
        data: folder of CTs.
        out: folder for masks.

    Raises:
        RuntimeError: When it ends with another status than 0.
    """
    command = ["-m", "monai.bundle", "run", "--config_file", str(BUNDLE / "configs" / "inference.json")]
    command += ["--bundle_root", str(BUNDLE), "--dataset_dir", str(data), "--output_dir", str(out)]
    return run([*command, "--overwrite", "True"])


def run_segment(ct: Path, out: Path, root: Path = BUNDLE.parent) -> Run:
    """
    Run ``python -m monai_unet3plus segment`` and make all masks anew.

    Args:
        ct: file or folder.
        out: folder for masks.
        root: a checkout of the repository. Defaults to this one.

    Raises:
        RuntimeError: When it ends with another status than 0.
    """
    return run(["-m", "monai_unet3plus", "segment", str(ct), str(out), "--overwrite"], root)


def time_parts(ct: Path, out: Path) -> dict[str, float]:
    """
    Run ``python -m monai_unet3plus segment`` with a clock.

    Args:
        ct: file or folder.
        out: folder for masks.

    Returns:
        seconds of each part, see :py:mod:`tests.benchmarks.command_parts`, the last one the end of the process.
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / "parts.json"
    run(["-m", "tests.benchmarks.command_parts", str(file), "segment", str(ct), str(out), "--overwrite"])
    ended = time()
    found = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return {**found["seconds"], "end of Python": ended - found["ended"]}


def run(arguments: Sequence[str], root: Path = BUNDLE.parent) -> Run:
    """
    Run Python on a checkout of the repository.

    Args:
        arguments: of the interpreter.
        root: the checkout. Defaults to this one.

    Raises:
        RuntimeError: When it ends with another status than 0.
    """
    environment = {**os.environ, "PYTHONPATH": str(root), "COMMAND_STARTED": repr(time())}
    start = monotonic()
    process = subprocess.Popen([sys.executable, *arguments], cwd=root, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{arguments} ended with status {os.waitstatus_to_exitcode(status)}.")
    return Run(monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)
