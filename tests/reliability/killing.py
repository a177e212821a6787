# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable


def killed_after(seconds: float, function: Callable[[], object]) -> bool:
    """
    Call a function in a forked process and kill that (SIGKILL), whatever it is doing.

    Args:
        seconds: how long it may run.
        function: the function to call.

    Returns:
        whether it was still running.
    """
    pid = _forked(function)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def seconds_of(function: Callable[[], object]) -> float:
    """
    Call a function in a forked process and let it end.

    Args:
        function: the function to call.

    Returns:
        how long it took.

    Raises:
        AssertionError: When it ended by an exception.
    """
    started = time.monotonic()
    status = os.waitstatus_to_exitcode(os.waitpid(_forked(function), 0)[1])
    assert status == 0, f"it ended with status {status}"
    return time.monotonic() - started


def _forked(function: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        function()
        status = 0
    finally:
        os._exit(status)
