# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether this process is a command, which ends with an exit status, or a program, which gets exceptions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["as_command", "is_command", "name_argument"]

_COMMANDS = ("monai.bundle.", "monai_unet3plus.")

_within_command: ContextVar[bool] = ContextVar("within_command", default=False)
_arguments: ContextVar[Mapping[str, str] | None] = ContextVar("arguments", default=None)


@contextmanager
def as_command(arguments: Mapping[str, str] | None = None) -> Iterator[None]:
    """
    Let the bundle's configs end with an exit status while the block lasts, whatever program this is.

    Args:
        arguments: names on the command line of variables of the configs, for messages. Defaults to None.
    """
    tokens = _within_command.set(True), _arguments.set(arguments)
    try:
        yield
    finally:
        _within_command.reset(tokens[0])
        _arguments.reset(tokens[1])


def name_argument(message: str) -> str:
    """
    A message about a variable of the configs, by the name that the command line has for it.

    Args:
        message: that begins with the variable's name and a colon.
    """
    name, colon, rest = message.partition(": ")
    return (_arguments.get() or {}).get(name, name) + colon + rest


def is_command() -> bool:
    """Whether this is ``python -m monai.bundle``, a command of this package, or a block of :py:func:`as_command`."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return _within_command.get() or (spec is not None and spec.name.startswith(_COMMANDS))
