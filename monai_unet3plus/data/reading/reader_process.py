# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A process that reads files, so that a crash, a hang or too large a file does no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from ...utils.errors import InputError
from .volume import Volume

if TYPE_CHECKING:  # a command starts a process before it loads MONAI
    from monai.config import PathLike

__all__ = ["ReaderProcess", "start_spare"]

_SERVE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from monai_unet3plus.data.reading.file_checks import serve; serve()"
)
_spares: dict[int, subprocess.Popen[bytes]] = {}  # by the process that started it: forks have none
_GRACE = 5.0  # seconds by which a process may miss the end that it has set itself


class ReaderProcess:
    """
    Reads files in another process, so that one which makes a reader crash, hang or take all memory does no harm.

    The process is started when it is first needed and serves all files, until a bad one ends it: the next gets a new
    one. Pickling and forking leave it behind.

    Args:
        max_voxels: files that claim more voxels are refused before memory is allocated for them. Defaults to 2**30.
        time_limit: seconds for one file, or the folder of a DICOM series. Defaults to 600.
    """

    def __init__(self, max_voxels: int = 2**30, time_limit: float = 600.0) -> None:
        self.max_voxels = max_voxels
        self.time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: tuple[str, bool] | None = None  # the file that was asked about, and whether it is to be kept
        self._owner = os.getpid()

    def check(self, path: PathLike) -> None:
        """
        Read a file as a trial.

        Args:
            path: a file, or the folder of a DICOM series.

        Raises:
            InputError: When it can't be read; the message says why.
        """
        self._ask(path, keep=False)

    def read(self, path: PathLike, following: PathLike | None = None) -> Volume:
        """
        Read a file, to be loaded once.

        Args:
            path: a file, or the folder of a DICOM series.
            following: that of the next call, if it is known. It is read meanwhile. Defaults to None.

        Raises:
            InputError: When it can't be read; the message says why.
        """
        try:
            volume = self._ask(path, keep=True)
        finally:
            if following is not None:
                self._send(following, keep=True)
        assert volume is not None
        return volume

    def _ask(self, path: PathLike, keep: bool) -> Volume | None:
        """Wait for the answer about a file, which was perhaps asked about before."""
        if self._sent is not None and self._sent != (str(path), keep):
            self.close()
        if self._sent is None or self._owner != os.getpid():
            self._send(path, keep)
        self._sent = None
        process, started = self._process, monotonic()
        assert process is not None
        timer = threading.Timer(self.time_limit + _GRACE, process.kill)
        timer.start()
        try:
            answer = process.stdout.readline()  # type: ignore[union-attr]
            fields = json.loads(answer)["volume"] if answer else None
            array = None if fields is None else _receive(process.stdout, fields.pop("shape"), fields.pop("dtype"))
        finally:
            timer.cancel()
        if not answer or (fields is not None and array is None):
            raise InputError(f"{path}: expected a volume, but {self._wait_for_end(process, monotonic() - started)}.")
        reason = json.loads(answer)["reason"]
        if reason is not None:
            raise InputError(reason)
        return (
            None
            if fields is None or array is None
            else Volume(array=array, affine=np.array(fields.pop("affine")), single_use=True, **fields)
        )

    def _send(self, path: PathLike, keep: bool) -> None:
        """Ask about a file. A process that has ended says so when its answer is awaited."""
        request = {"path": str(path), "max_voxels": self.max_voxels, "time_limit": self.time_limit, "keep": keep}
        process = self._running()
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request).encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        self._sent = (str(path), keep)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.communicate()
        self._process = self._sent = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None, "_sent": None}

    def __del__(self) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.close()
            self._owner = os.getpid()
            spare = _spares.pop(self._owner, None)
            self._process = _start() if spare is None or spare.poll() is not None else spare
        return self._process

    def _wait_for_end(self, process: subprocess.Popen[bytes], seconds: float) -> str:
        status = process.wait()
        if status == -getattr(signal, "SIGALRM", 0) or seconds >= self.time_limit + _GRACE:
            return f"it was not read within {self.time_limit:g} s"
        name = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"it ended the process that read it ({name})"


def start_spare() -> None:
    """Start a process for the first :py:class:`ReaderProcess` that needs one, as a command does while MONAI loads."""
    if os.getpid() not in _spares:
        _spares[os.getpid()] = _start()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _SERVE, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the run
    )


def _receive(pipe: Any, shape: Sequence[int], dtype: str) -> np.ndarray | None:
    """The numbers of an array that follow on an answer, or None if they end too early."""
    array = np.empty(shape[::-1], dtype)
    place, filled = array.data.cast("B"), 0
    while filled < len(place):
        count = pipe.readinto(place[filled:])
        if not count:
            return None
        filled += count
    return array.T
