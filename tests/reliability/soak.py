# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Segments many volumes in one run, good and bad: python -m tests.reliability.soak --volumes 200

Memory, open files and processes must not grow with their number, and no temporary file may stay. Linux only.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from pathlib import Path
from typing import Any

from ignite.engine import Events

from tests.broken_files import BROKEN, write_ct
from tests.bundle.workflows import inference, write_checkpoint

MAX_GROWTH_MIB = 64.0


def soak(folder: Path, volumes: int) -> dict[str, float]:
    """
    Run inference and watch the process after each case.

    Args:
        folder: empty folder to work in.
        volumes: their number; every eighth is a broken file.

    Returns:
        growth of resident memory between a quarter and the end of the run in MiB, and the most open files and child
        processes.

    Raises:
        AssertionError: When something grows or is left behind.
    """
    broken = sorted(BROKEN)
    for number in range(volumes):
        if number % 8 == 7:
            name = broken[number // 8 % len(broken)]
            BROKEN[name][0](folder / "data" / f"{number:04d}_{name}.nii.gz")
        else:
            write_ct(folder / "data" / f"{number:04d}.nii.gz", (40, 36, 2 + number % 4), seed=number)
    checkpoint = str(write_checkpoint(folder, 1))
    workflow = inference(folder / "data", folder / "masks", checkpoint=checkpoint)
    workflow.initialize()
    samples: list[tuple[float, int, int]] = []
    evaluator: Any = workflow.parser.get_parsed_content("evaluator")
    evaluator.add_event_handler(Events.ITERATION_STARTED, lambda engine: samples.append(_sample()))
    workflow.run()
    assert len(evaluator.results) == volumes and len(evaluator.failures) == volumes // 8
    quarter = samples[volumes // 4 :]
    growth = quarter[-1][0] - quarter[0][0]
    files, children = (max(sample[k] for sample in quarter) for k in (1, 2))
    assert growth < MAX_GROWTH_MIB, f"{growth:.0f} MiB more"
    assert files <= quarter[0][1] + 2, f"{files} open files, {quarter[0][1]} at first"
    assert children <= 1, f"{children} child processes"
    left = os.listdir(tempfile.gettempdir())
    hidden = {path.name for path in (folder / "masks").rglob(".*")} - {".lock"}
    assert not left and not hidden, (left, hidden)
    return {"growth_mib": round(growth, 1), "open_files": files, "child_processes": children}


def _sample() -> tuple[float, int, int]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return pages * resource.getpagesize() / 2**20, len(os.listdir("/proc/self/fd")), len(children)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--volumes", type=int, default=200)
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as temporary:
        tempfile.tempdir = temporary
        print(soak(Path(work), parser.parse_args().volumes))
