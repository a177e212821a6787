# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The error of wrong user input, and one sentence for any error."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

__all__ = ["InputError", "describe_error", "join_names", "last_line", "root_cause"]


class InputError(ValueError):
    """
    An error in the user's input: a file, a folder or an argument.

    The message is one sentence or two with the file or argument, the finding and the expectation.
    """


def root_cause(error: BaseException) -> BaseException:
    """
    The exception that explains a failure: MONAI wraps those of transforms and of config expressions in others.

    Returns:
        the first InputError in its chain of causes, else the end of that chain.
    """
    while not isinstance(error, InputError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def describe_error(error: BaseException) -> str:
    """The sentence that explains an error to a user."""
    cause = root_cause(error)
    text = str(cause)
    if "Traceback (most recent call last)" in text:  # SaveImage makes one of its writer's errors
        return re.sub(r"^\w*Error: (\[Errno \d+\] )?", "", text.strip().splitlines()[-1])
    message = " ".join(text.split())
    if isinstance(cause, InputError):
        return message
    if isinstance(cause, OSError) and cause.errno is not None:
        file = cause.filename2 or cause.filename  # of two, where it should have gone
        return os.strerror(cause.errno) + (f": {file}" if file else "")
    return f"{type(cause).__name__}: {message}" if message else type(cause).__name__


def last_line(error: BaseException) -> str:
    """The last line of a library's message, without the places in its source that C++ libraries put before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Reason: ")]
    return re.sub(r"^.*ERROR: (\w+\(0x\w+\): )?", "", lines[-1]) if lines else type(error).__name__


def join_names(names: Sequence[str], most: int = 10) -> str:
    """
    Names for a message: the first ones, and the number of the others.

    Args:
        names: one or more.
        most: number of names to show. Defaults to 10.
    """
    others = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + others
