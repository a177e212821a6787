# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Sizes of packed voxels, found by unpacking them."""

from __future__ import annotations

import bz2
import gzip
import os
import zlib
from typing import BinaryIO

from ...utils.errors import InputError

__all__ = ["check_packing", "is_packed", "unpacked_size", "zlib_size"]

_CHUNK = 2**20
_BEYOND = 64 * 2**20  # bytes past the volume that are unpacked, for the checksum at the end
_PACKERS = {b"\x1f\x8b": ".gz", b"BZh": ".bz2"}
_NO_NEW_MEMBER = "Not a gzipped file"  # gzip's message for bytes that follow a whole file


def check_packing(path: str) -> None:
    """
    Refuse a file whose suffix does not tell how it is packed, which readers report as damage.

    Raises:
        InputError: When it is packed otherwise than its suffix says.
    """
    with open(path, "rb") as file:
        start = file.read(max(map(len, _PACKERS)))
    found = next((suffix for magic, suffix in _PACKERS.items() if start.startswith(magic)), "")
    expected = next((suffix for suffix in _PACKERS.values() if path.lower().endswith(suffix)), "")
    if found != expected:
        raise InputError(f"{path}: expected {_in_words(expected)}, as its name says, but found {_in_words(found)}.")


def is_packed(path: str) -> bool:
    """Whether the suffix of a file is that of gzip or bzip2."""
    return os.path.splitext(path)[1].lower() in _PACKERS.values()


def unpacked_size(path: str, expected: int, into: memoryview | None = None) -> int:
    """
    Unpack a gzip or bzip2 file and count its bytes. Bytes after its end are passed over, as by gunzip.

    Args:
        path: a file; one whose suffix is neither .gz nor .bz2 is not packed.
        expected: number of bytes that are needed; a file with many more is not unpacked to its end.
        into: takes the first bytes, as many as it has place for. Defaults to None, they are forgotten.

    Returns:
        the number of bytes, at least up to ``expected``.

    Raises:
        InputError: When it is cut off or damaged, or its checksum is wrong.
    """
    suffix, found = os.path.splitext(path)[1].lower(), 0
    if not is_packed(path):
        return os.path.getsize(path)
    try:
        with gzip.open(path) if suffix == ".gz" else bz2.open(path) as file:
            while found <= expected + _BEYOND:
                chunk = file.read1(_CHUNK)  # all up to where the file is cut off, which `read` would not give
                if not chunk:
                    break
                if into is not None and found < len(into):
                    into[found : found + len(chunk)] = chunk[: len(into) - found]
                found += len(chunk)
    except (EOFError, OSError, zlib.error) as e:
        if isinstance(e, OSError) and e.errno is not None:
            raise
        if not (found >= expected and str(e).startswith(_NO_NEW_MEMBER)):
            sentence = f"{path}: expected {expected} bytes in {_in_words(suffix)}, but"
            if isinstance(e, EOFError):
                raise InputError(f"{sentence} it is cut off after {found} bytes. Copy or export it again.") from e
            raise InputError(f"{sentence} found {e} after {found} bytes.") from e
    return found


def zlib_size(path: str, file: BinaryIO, expected: int) -> int:
    """
    Unpack voxels that zlib or gzip has packed, from where a file is open, and count their bytes.

    Args:
        expected: number of bytes that are needed.

    Raises:
        InputError: When they are cut off or damaged.
    """
    unpacker, found = zlib.decompressobj(wbits=47), 0  # zlib's or gzip's header
    try:
        while not unpacker.eof and found <= expected:
            chunk = unpacker.unconsumed_tail or file.read(_CHUNK)
            if not chunk:
                raise InputError(f"{path}: expected whole packed voxels, but the file ends within them. Is it cut off?")
            found += len(unpacker.decompress(chunk, _CHUNK))
    except zlib.error as e:
        raise InputError(f"{path}: expected packed voxels, but found {e}.") from e
    return found


def _in_words(suffix: str) -> str:
    return {".gz": "a whole gzip file", ".bz2": "a whole bzip2 file"}.get(suffix, "a file that is not packed")
