# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Paint stomach and bowel beside organs in slabs: fluid or contrast medium that touches an organ and is none."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .base import RandSynthesis, RandSynthesisd
from .fields import find_soft_tissue, find_windows, grain, smooth_field, soften, window_around

__all__ = ["RandNeighbours", "RandNeighboursd"]

_CONTENT = (-20.0, 250.0)  # HU, from fluid to contrast medium
_LEAST_CONTRAST = 25.0  # HU between an organ and its neighbour; nobody could tell less apart


class RandNeighbours(RandSynthesis):
    """
    Paint a stomach or bowel beside an organ: a smooth blob of fluid or contrast medium that touches it.

    The spleen beside a full stomach, and the liver beside bowel, are known by their outlines alone. The blob stays
    background; it covers no organ, air or bone.

    Args:
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middle = len(image) // 2
        windows = find_windows(label[[middle]], 1)
        if not windows:
            return image, label
        value = self.R.choice(list(windows))
        _, rows, columns = windows[value]
        organ = label[middle, rows, columns] == value
        border = np.argwhere(ndimage.binary_dilation(organ) & ~organ)
        place = border[self.R.randint(len(border))] + (rows.start, columns.start)
        median = float(np.median(image[middle, rows, columns][organ]))
        semi_axes = self.R.uniform(6, 30, 2)
        window = window_around(image.shape, [place], 1.8 * max(semi_axes))
        painted = image.copy()
        part = painted[window]
        i, j = np.ogrid[window[1:]]
        distance = np.hypot((i - place[0]) / semi_axes[0], (j - place[1]) / semi_axes[1])
        distance = distance + 0.15 * smooth_field(self.R, part.shape[1:], 15.0)
        slope = self.R.uniform(-0.15, 0.15)
        sizes = [max(1 + slope * (c - middle), 0.2) for c in range(len(image))]
        room = (label[window] == 0) & find_soft_tissue(part, float(image.min()))
        masks = np.stack([distance < size for size in sizes]) & room
        content = self.R.uniform(*_CONTENT)
        if abs(content - median) < _LEAST_CONTRAST:
            content = median + _LEAST_CONTRAST * (1 if content > median else -1)
        tissue = content + grain(self.R, part.shape, self.R.uniform(3, 15))
        part += soften(masks, 0.8) * room * (tissue - part)
        return painted, label


class RandNeighboursd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandNeighbours`: ``keys``, ``label_key`` and its arguments."""

    array = RandNeighbours
