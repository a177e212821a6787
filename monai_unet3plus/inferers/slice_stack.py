# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The slices of a volume as a 2D network sees them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..transforms.plane import resample_plane

__all__ = ["SliceStack"]


class SliceStack:
    """
    Slices with their neighbours as channels, resampled in their plane.

    Each slice is made once and kept as long as it is a neighbour of the next ones. Beyond the first and the last slice
    these are repeated.

    Args:
        slices: a volume, ``(D, H, W)``, as a view of any strides.
        num_slices: number of neighbouring slices that make up the channels, odd.
        size: pixels per axis to resample slices to; their extent in mm stays.
    """

    def __init__(self, slices: torch.Tensor, num_slices: int, size: Sequence[int]) -> None:
        self.slices = slices
        self.num_slices = num_slices
        self.size = list(size)
        self._made: dict[int, torch.Tensor] = {}

    def __len__(self) -> int:
        return len(self.slices)

    def gather(self, start: int, count: int) -> torch.Tensor:
        """
        Make slices.

        Args:
            start: the first one.
            count: how many, if the volume has so many.

        Returns:
            each with its neighbours, ``(N, num_slices, h, w)``.
        """
        reach, last = self.num_slices // 2, len(self) - 1
        wanted = [
            [min(max(centre + offset, 0), last) for offset in range(-reach, reach + 1)]
            for centre in range(start, min(start + count, last + 1))
        ]
        needed = sorted({index for neighbours in wanted for index in neighbours})
        self._made = {index: self._made[index] for index in needed if index in self._made}
        missing = [index for index in needed if index not in self._made]
        if missing:
            planes = resample_plane(self.slices[missing][:, None], self.size)[:, 0]
            self._made.update(zip(missing, planes))
        return torch.stack([torch.stack([self._made[index] for index in neighbours]) for neighbours in wanted])
