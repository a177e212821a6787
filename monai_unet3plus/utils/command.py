# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A command ends with one sentence and an exit status where a program gets an exception."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType

from .errors import InputError, root_cause

__all__ = ["EXIT_INTERRUPTED", "EXIT_NOTHING_DONE", "as_command", "exit_on_error", "is_command"]

EXIT_NOTHING_DONE = 1
EXIT_INTERRUPTED = 130  # as shells report a program that Ctrl-C ended

logger = logging.getLogger(__name__)

_COMMANDS = ("monai.bundle.", "monai_unet3plus.")

_within_command: ContextVar[bool] = ContextVar("within_command", default=False)
_arguments: ContextVar[Mapping[str, str] | None] = ContextVar("arguments", default=None)


@contextmanager
def as_command(arguments: Mapping[str, str] | None = None) -> Iterator[None]:
    """
    Be a command while the block lasts, whatever program this is. Wrong input and Ctrl-C end the block with one logged
    sentence.

    Args:
        arguments: names on the command line of variables of the configs, for messages. Defaults to None.

    Raises:
        SystemExit: With status 1 instead of an InputError, perhaps wrapped in others; with 130 instead of
            KeyboardInterrupt. Other exceptions pass.
    """
    tokens = _within_command.set(True), _arguments.set(arguments)
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        status = _log_error(error)
        if status is None:
            raise
        raise SystemExit(status) from error
    finally:
        _within_command.reset(tokens[0])
        _arguments.reset(tokens[1])


def exit_on_error() -> None:
    """
    Let ``python -m monai.bundle`` end as a block of :py:func:`as_command` does. Other programs get the exceptions.

    MONAI would bury the sentence in a stack trace that ends in "Failed to evaluate ConfigExpression". The bundle's
    configs call this before all else.
    """
    if is_command():
        sys.excepthook = _exit_on_uncaught


def _exit_on_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    status = _log_error(error)
    if status is not None:
        raise SystemExit(status)  # Python takes the status from here
    sys.__excepthook__(kind, error, traceback)


def _log_error(error: BaseException) -> int | None:
    """Log the sentence of an error that is the user's, and return the exit status; None for other errors."""
    if isinstance(error, KeyboardInterrupt):
        logger.error("interrupted; files that were written are whole")
        return EXIT_INTERRUPTED
    cause = root_cause(error)
    if not isinstance(cause, InputError):
        return None
    logger.debug("input error", exc_info=error)
    name, colon, rest = str(cause).partition(": ")
    logger.error("%s", (_arguments.get() or {}).get(name, name) + colon + rest)
    return EXIT_NOTHING_DONE


def is_command() -> bool:
    """Whether this is ``python -m monai.bundle``, a command of this package, or a block of :py:func:`as_command`."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return _within_command.get() or (spec is not None and spec.name.startswith(_COMMANDS))
