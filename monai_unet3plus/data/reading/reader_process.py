# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A process that tries to read a file first, so that a crash, a hang or too large a file does no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from time import monotonic
from typing import Any

from monai.config import PathLike

from ...utils.errors import InputError

__all__ = ["ReaderProcess"]

_SERVE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from monai_unet3plus.data.reading.file_checks import serve; serve()"
)
_GRACE = 5.0  # seconds by which a process may miss the end that it has set itself


class ReaderProcess:
    """
    Tries out files in another process, so that one which makes a reader crash, hang or take all memory does no harm.

    The process is started when it is first needed and serves all files, until a bad one ends it: the next gets a new
    one. Pickling and forking leave it behind.

    Args:
        max_voxels: files that claim more voxels are refused before memory is allocated for them. Defaults to 2**30.
        time_limit: seconds for one file, or the folder of a DICOM series. Defaults to 600.
    """

    def __init__(self, max_voxels: int = 2**30, time_limit: float = 600.0) -> None:
        self.max_voxels = max_voxels
        self.time_limit = time_limit
        self._process: subprocess.Popen[str] | None = None
        self._owner = os.getpid()

    def check(self, path: PathLike) -> None:
        """
        Read a file as a trial.

        Args:
            path: a file, or the folder of a DICOM series.

        Raises:
            InputError: When it can't be read; the message says why.
        """
        request = {"path": str(path), "max_voxels": self.max_voxels, "time_limit": self.time_limit}
        process = self._running()
        started = monotonic()
        timer = threading.Timer(self.time_limit + _GRACE, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            answer = process.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            answer = ""
        finally:
            timer.cancel()
        if not answer:
            raise InputError(f"{path}: expected a volume, but {self._wait_for_end(process, monotonic() - started)}.")
        reason = json.loads(answer)["reason"]
        if reason is not None:
            raise InputError(reason)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.communicate()
        self._process = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None}

    def __del__(self) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.close()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is for the run
            )
        return self._process

    def _wait_for_end(self, process: subprocess.Popen[str], seconds: float) -> str:
        status = process.wait()
        if status == -getattr(signal, "SIGALRM", 0) or seconds >= self.time_limit + _GRACE:
            return f"it was not read within {self.time_limit:g} s"
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"it ended the process that read it ({name})"
