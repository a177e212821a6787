# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writing of files, and their checksums."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import describe_error

if TYPE_CHECKING:  # importing MONAI takes seconds, and phantoms are made without it
    from monai.config import PathLike

__all__ = ["deferred_writes", "now_or_deferred", "remove_leftovers", "replacing", "compute_sha256"]

logger = logging.getLogger(__name__)

Write = Callable[[], None]

_deferred: ContextVar[list[Write] | None] = ContextVar("deferred", default=None)


@contextmanager
def deferred_writes() -> Iterator[list[Write]]:
    """
    Collect the writes while the block lasts, in order, for the caller to do later.

    Those who write have to take part, by :py:func:`now_or_deferred`.
    """
    collected: list[Write] = []
    token = _deferred.set(collected)
    try:
        yield collected
    finally:
        _deferred.reset(token)


def now_or_deferred(path: PathLike, save: Callable[[Path], object], required: bool = True) -> None:
    """
    Write a file as by :py:func:`replacing` at once, or leave it to whoever collects :py:func:`deferred_writes`.

    Args:
        path: file to write or replace.
        save: writes to the path that it is given; it may run later, in another thread.
        required: whether a file that can't be written is an error, and not only warned of. Defaults to True.
    """

    def write() -> None:
        try:
            with replacing(path) as unfinished:
                save(unfinished)
        except Exception as e:
            if required:
                raise
            logger.warning("%s can't be written: %s", path, describe_error(e))

    collected = _deferred.get()
    if collected is None:
        write()
    else:
        collected.append(write)


@contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """
    Write a file whole or not at all: yields a path next to ``path`` to write to, which takes its place in one step if
    the block ends without an error, and is removed otherwise. Folders that are missing are made.

    Args:
        path: file to write or replace.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{os.getpid()}.{target.name}")  # keeps the suffix, which tells writers the format
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def remove_leftovers(path: PathLike) -> None:
    """
    Remove unfinished files that killed processes left when they wrote a file by :py:func:`replacing`.

    Args:
        path: the file; nobody else may be writing it.
    """
    target = Path(path)
    if not target.parent.is_dir():
        return
    for other in target.parent.iterdir():
        number, dot, name = other.name[1:].partition(".")
        if other.name.startswith(".") and number.isdigit() and dot and name == target.name:
            other.unlink(missing_ok=True)


def compute_sha256(path: PathLike) -> str:
    """
    The SHA-256 of a file, as hexadecimal digits.

    Args:
        path: the file.
    """
    with Path(path).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
