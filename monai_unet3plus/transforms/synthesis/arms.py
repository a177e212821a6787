# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Paint arms beside the body in slabs: skin, fat, muscle and bone that belong to no organ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import RandSynthesis, RandSynthesisd
from .fields import AIR, find_body, grain, smooth_field, soften, window_around

__all__ = ["RandArms", "RandArmsd"]

_FAT, _BONE = (-120.0, -80.0), (250.0, 900.0)  # HU


class RandArms(RandSynthesis):
    """
    Paint one or two arms beside the body, as in scans of patients who could not raise their arms.

    An arm is a disk of muscle in a ring of fat, with a ring of bone in it. It lies beside the body or touches it, and
    covers air outside the body only; the picture's border may cut it. It stays background. The first spatial axis
    runs from left to right, as in RAS orientation.

    Args:
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        body = find_body(image[len(image) // 2])
        if not body.any() or image.min() > AIR:  # no body, or a picture that does not show the air around it
            return image, label
        rows, columns = np.nonzero(body)
        muscle = self.R.uniform(20, 120)
        painted = image.copy()
        sides = [side for side in (-1, 1) if self.R.random_sample() < 0.75] or [1]
        for side in sides:
            radius, gap = self.R.uniform(14, 30), self.R.uniform(-2, 8)
            edge = rows.min() if side < 0 else rows.max()
            centre = (edge + side * (radius + gap), self.R.uniform(*np.quantile(columns, (0.25, 0.75))))
            window = window_around(image.shape, [centre], 1.7 * radius)  # an arm may be 1.4 times as long, and wavy
            room = ~body[window[1:]] & (image[window] < AIR)
            if room.any():
                middle = [c - w.start for c, w in zip(centre, window[1:])]
                self._draw(painted[window], room, middle, radius, muscle)
        return painted, label

    def _draw(self, image: np.ndarray, room: np.ndarray, centre: Sequence[float], radius: float, muscle: float) -> None:
        i, j = np.ogrid[: image.shape[1], : image.shape[2]]
        distance = np.hypot(i - centre[0], (j - centre[1]) / self.R.uniform(0.9, 1.4)) / radius
        distance = distance + 0.06 * smooth_field(self.R, image.shape[1:], 12.0)
        fat, bone = self.R.uniform(0.6, 0.9), self.R.uniform(0.22, 0.32)
        values = np.where(distance < fat, muscle, self.R.uniform(*_FAT))
        values = np.where(distance < bone, self.R.uniform(*_BONE), values)
        values = np.where(distance < 0.5 * bone, self.R.uniform(*_FAT), values)
        tissue = values + grain(self.R, image.shape, self.R.uniform(5, 25))
        image += soften((distance < 1) & room, 0.7) * (tissue - image)


class RandArmsd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandArms`: ``keys``, ``label_key`` and its arguments."""

    array = RandArms
