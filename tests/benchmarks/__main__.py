# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
All benchmarks of a processor, one after the other, on one page.

    python -m tests.benchmarks --work_dir WORK [--output PAGE]

Each program also runs alone, and has more settings then. One that fails is named, and the others go on. A processor
without instructions for bfloat16 leaves it out. The GPU has a program of its own, ``tests.benchmarks.gpu``.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

logger = logging.getLogger("benchmarks")

# those that write files or start commands need a folder
PROGRAMS = {
    "ms_ssim": False,
    "network": False,
    "resident_memory": False,
    "bfloat16": True,
    "whole_ct": False,
    "training_epoch": True,
    "out_of_the_box": True,
    "beside_others": True,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--output", type=Path, help="page to write (default: benchmarks.md in it)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    args.work_dir.mkdir(parents=True, exist_ok=True)
    page = args.output or args.work_dir / "benchmarks.md"
    failed = []
    for name, in_folder in PROGRAMS.items():
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--output", str(page)]
        command += ["--work_dir", str(args.work_dir / name)] if in_folder else []
        if subprocess.run(command).returncode:
            failed.append(name)
    logger.info("benchmarks: %s", page)
    if failed:
        parser.exit(1, f"failed: {', '.join(failed)}\n")


if __name__ == "__main__":
    main()
