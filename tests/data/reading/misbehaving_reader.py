# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A reader process for tests, in which certain files act as damaged ones do on C++ libraries."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from monai_unet3plus.data.reading import file_checks
from monai_unet3plus.data.reading.volume import Volume


def serve() -> None:
    """Serve; files called "crash", "hang", "print" and "swell" do so, others are read."""
    check = file_checks.check_file

    def misbehave(path: str, max_voxels: int, before_reading: Callable[[int], None], keep: bool) -> Volume | None:
        name = Path(path).name
        if name == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if name == "hang":
            while True:
                time.sleep(10)
        if name == "print":
            os.write(1, b"a library's chatter\n")
            return None
        if name == "swell":
            before_reading(1000)
            bytearray(8 * 2**30)
        return check(path, max_voxels, before_reading, keep)

    with mock.patch.object(file_checks, "check_file", misbehave):
        file_checks.serve()
