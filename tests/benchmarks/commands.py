# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"


def run_inference(data: Path, out: Path) -> tuple[float, float]:
    """
    Run the bundle's inference as it is delivered, by its command, and make all masks anew.

    Args:
        data: folder of CTs.
        out: folder for masks.

    Returns:
        seconds from the start of the command to its end, and the most memory that its process held, in GiB.

    Raises:
        RuntimeError: When it ends with another status than 0.
    """
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(BUNDLE / "configs" / "inference.json")]
    command += ["--bundle_root", str(BUNDLE), "--dataset_dir", str(data), "--output_dir", str(out)]
    start = monotonic()
    _, status, usage = os.wait4(subprocess.Popen([*command, "--overwrite", "True"]).pid, 0)
    if status:
        raise RuntimeError(f"The bundle's inference ended with status {os.waitstatus_to_exitcode(status)}.")
    return monotonic() - start, usage.ru_maxrss / 2**20
