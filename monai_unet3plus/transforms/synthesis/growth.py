# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Enlarge organs in slabs, so that a network has seen larger ones than its patients have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from .base import RandSynthesis, RandSynthesisd
from .fields import check_range, find_soft_tissue, find_windows, grain, smooth_field, soften

__all__ = ["RandOrganGrowth", "RandOrganGrowthd"]


class RandOrganGrowth(RandSynthesis):
    """
    Let organs grow into the soft tissue around them, as an enlarged liver or spleen displaces it.

    The new border lies at a random distance from the old one, which varies smoothly along it. The new tissue has the
    organ's median and grain. Other organs, air and bone stay.

    Args:
        distance: range of the largest growth, in pixels. Defaults to ``(3, 25)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(self, distance: Sequence[float] = (3.0, 25.0), prob: float = 0.5) -> None:
        super().__init__(prob)
        self.distance = check_range(distance)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        distance = self.R.uniform(*self.distance)
        windows = find_windows(label, 2 * distance)  # the reach below is hardly ever larger
        if not windows:
            return image, label
        organ = self.R.choice(list(windows))
        window = windows[organ]
        part, part_label = image[window], label[window]
        # with one reach for all slices of the slab, neighbouring slices stay alike
        reach = distance * (0.5 + 0.5 * smooth_field(self.R, part.shape[1:], 30.0))
        smooth = ndimage.gaussian_filter(part, (0, 1, 1))
        free = (part_label == 0) & find_soft_tissue(smooth, float(image.min()))
        old = part_label == organ
        near = np.stack(
            [ndimage.distance_transform_edt(~plane) if plane.any() else np.full(plane.shape, np.inf) for plane in old]
        )
        new = free & (near <= reach)
        if not new.any():
            return image, label
        texture = float(np.std((part - smooth)[old]))
        tissue = float(np.median(part[old])) + grain(self.R, part.shape, texture)
        painted, grown = image.copy(), label.copy()
        painted[window] += soften(new, 0.7) * free * (tissue - part)
        grown[window][new] = organ
        return painted, grown


class RandOrganGrowthd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandOrganGrowth`: ``keys``, ``label_key`` and its arguments."""

    array = RandOrganGrowth
