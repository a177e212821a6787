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

import os
import signal
import time
from collections.abc import Callable


def killed_after(seconds: float, function: Callable[[], object]) -> bool:
    """
    Call a function in a forked process and kill that (SIGKILL), whatever it is doing.

    Args:
        seconds: how long it may run.
        function: what to call.

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
        function: what to call.

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
