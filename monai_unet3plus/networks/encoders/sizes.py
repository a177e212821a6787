# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Cropping of an encoder's maps to the sizes that max pooling gives."""

from __future__ import annotations

import torch

__all__ = ["cropped_to_levels"]


def cropped_to_levels(maps: list[torch.Tensor], level: int, size: list[int]) -> list[torch.Tensor]:
    """
    Crop the maps of consecutive levels to sizes rounded down, as max pooling leaves them.

    Strided convolutions with padding round up. Their positions start at the same border, so that dropping the rest at
    the other one keeps all levels aligned.

    Args:
        maps: of shape ``(B, C, ...)``, at least as large as they are wanted.
        level: of the first of them.
        size: spatial size of the image.

    Returns:
        maps of spatial size ``size // 2**level``, ``size // 2**(level + 1)`` and so on.
    """
    for _ in range(level):
        size = [length // 2 for length in size]
    cropped: list[torch.Tensor] = []
    for x in maps:
        for axis, length in enumerate(size):
            if torch.compiler.is_compiling():  # torch.export can't know that a narrowed map is large enough
                x = x.index_select(axis + 2, torch.arange(length, device=x.device))
            else:
                x = x.narrow(axis + 2, 0, length)
        cropped.append(x)
        size = [length // 2 for length in size]
    return cropped
