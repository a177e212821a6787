# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Shards: the shares of the cases of a folder that processes of their own segment."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from monai.config import PathLike

from ..utils.errors import InputError
from ..utils.image_files import list_files

__all__ = ["is_shard", "select_shard"]

_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


def is_shard(text: str) -> bool:
    """
    Whether a text names a shard.

    Args:
        text: "3/8" is the third of eight.
    """
    found = _SHARD.fullmatch(text)
    return found is not None and int(found[1]) <= int(found[2])


def select_shard(images: Sequence[PathLike], shard: str | None = None) -> list[PathLike]:
    """
    Select the images of one shard.

    Images are sorted by the bytes of their files, the largest first, and by path where these are equal, and dealt out
    in turn: shard 3/8 gets the 3rd, the 11th, the 19th and so on. Every process that sees the same files comes to the
    same shards, and the sums of bytes of two shards differ by no more than the largest image.

    Args:
        images: files, or folders of DICOM series.
        shard: "3/8" for the third of eight shards. Defaults to None, which selects all images, in the order given.

    Returns:
        the images of the shard; none where there are fewer images than shards.

    Raises:
        InputError: When the text names no shard.
    """
    if shard is None:
        return list(images)
    if not is_shard(shard):
        raise InputError(f"shard: expected a shard and the number of shards, such as 3/8, but found {shard!r}.")
    number, count = map(int, shard.split("/"))
    ordered = sorted(images, key=lambda image: (-_count_bytes(image), os.fspath(image)))
    return ordered[number - 1 :: count]


def _count_bytes(image: PathLike) -> int:
    """The bytes of the files of an image; those that are not there count nothing, their case will fail."""
    return sum(file.stat().st_size for file in list_files(image) if file.exists())
