# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writing of files, and their checksums."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing MONAI takes seconds, and phantoms are made without it
    from monai.config import PathLike

__all__ = ["compute_sha256", "remove_leftovers", "replacing"]


@contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """
    Write a file whole or not at all: yields a path next to ``path`` to write to, which takes its place in one step if
    the block ends without an error, and is removed otherwise. Folders that are missing are made.
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
    """The SHA-256 of a file, as hexadecimal digits."""
    with Path(path).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
