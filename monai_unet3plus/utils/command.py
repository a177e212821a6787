# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether this process is a command, which ends with an exit status, or a program, which gets exceptions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["as_command", "is_command"]

_COMMANDS = ("monai.bundle.", "monai_unet3plus.")

_within_command: ContextVar[bool] = ContextVar("within_command", default=False)


@contextmanager
def as_command() -> Iterator[None]:
    """Let the bundle's configs end with an exit status while the block lasts, whatever program this is."""
    token = _within_command.set(True)
    try:
        yield
    finally:
        _within_command.reset(token)


def is_command() -> bool:
    """Whether this is ``python -m monai.bundle``, a command of this package, or a block of :py:func:`as_command`."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return _within_command.get() or (spec is not None and spec.name.startswith(_COMMANDS))
