# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Paint legs or a head instead of the trunk: parts of the body that hold no organ."""

from __future__ import annotations

import numpy as np

from .base import RandSynthesis, RandSynthesisd
from .fields import AIR, grain, smooth_field, soften

__all__ = ["RandLimbs", "RandLimbsd"]

_FAT, _BONE, _MARROW, _FLUID = (-120.0, -80.0), (250.0, 900.0), (-60.0, 120.0), (0.0, 20.0)  # HU


class RandLimbs(RandSynthesis):
    """
    Paint legs or a head instead of the trunk: few scans reach that far, and networks take thighs for liver.

    A leg is muscles with fat between them, in a ring of fat, with a bone and up to two vessels; two legs may touch. A
    head is a brain with fluid in its furrows, in a skull and skin. Around them is air, and all is background. Sizes
    fit pixels of about 2 mm. The first spatial axis runs from left to right, as in RAS orientation.

    Args:
        prob: probability that a slab is replaced. Defaults to 0.5.
    """

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if image.min() > AIR:  # a picture that does not show air
            return image, label
        painted = np.full_like(image, image.min())
        middle = [n / 2 + self.R.uniform(-10, 10) for n in image.shape[1:]]
        if self.R.random_sample() < 0.7:
            radius, muscle = self.R.uniform(26, 54), self.R.uniform(20, 130)
            apart = radius * self.R.uniform(0.85, 1.25)
            sides = (-1, 1) if self.R.random_sample() < 0.85 else (0,)
            for side in sides:
                self._draw_leg(painted, (middle[0] + side * apart, middle[1]), radius, muscle)
        else:
            self._draw_head(painted, (middle[0], middle[1]), self.R.uniform(30, 48))
        return painted, np.zeros_like(label)

    def _draw_leg(self, image: np.ndarray, centre: tuple[float, float], radius: float, muscle: float) -> None:
        shape = image.shape[1:]
        distance = self._find_distance(shape, centre, radius, self.R.uniform(0.85, 1.25))
        between = np.abs(smooth_field(self.R, shape, self.R.uniform(9, 20))) < self.R.uniform(0.03, 0.15)
        tissue = muscle + 8 * smooth_field(self.R, shape, 25.0)
        tissue = np.where(between | (distance > self.R.uniform(0.6, 0.95)), self.R.uniform(*_FAT), tissue)
        for _ in range(self.R.randint(3)):
            self._draw_disk(tissue, centre, 0.6 * radius, self.R.uniform(2, 5), self.R.uniform(muscle, 250))
        place = [c + self.R.uniform(-0.25, 0.25) * radius for c in centre]
        bone = self.R.uniform(0.16, 0.34) * radius
        self._draw_disk(tissue, place, 0, bone, self.R.uniform(*_BONE))
        self._draw_disk(tissue, place, 0, self.R.uniform(0.4, 0.85) * bone, self.R.uniform(*_MARROW))
        self._blend(image, tissue, distance < 1)

    def _draw_head(self, image: np.ndarray, centre: tuple[float, float], radius: float) -> None:
        shape = image.shape[1:]
        distance = self._find_distance(shape, centre, radius, self.R.uniform(1.1, 1.4))
        brain = self.R.uniform(20, 70) + 5 * smooth_field(self.R, shape, 10.0)
        furrows = np.abs(smooth_field(self.R, shape, self.R.uniform(5, 12))) < self.R.uniform(0.0, 0.15)
        tissue = np.where(furrows, self.R.uniform(*_FLUID), brain)
        inner, outer = self.R.uniform(0.75, 0.86), self.R.uniform(0.88, 0.96)
        tissue = np.where(distance > inner, self.R.uniform(*_BONE), tissue)
        tissue = np.where(distance > outer, self.R.uniform(*_FAT), tissue)
        self._blend(image, tissue, distance < 1)

    def _find_distance(
        self, shape: tuple[int, ...], centre: tuple[float, float], radius: float, longer: float
    ) -> np.ndarray:
        """Distance from the centre, 1 at a wavy outline that is longer from back to front."""
        i, j = np.ogrid[: shape[0], : shape[1]]
        distance = np.hypot(i - centre[0], (j - centre[1]) / longer) / radius
        return np.asarray(distance + 0.05 * smooth_field(self.R, (shape[0], shape[1]), 16.0))

    def _draw_disk(
        self, plane: np.ndarray, centre: tuple[float, float] | list[float], away: float, radius: float, value: float
    ) -> None:
        """A disk at a distance from the centre, in any direction."""
        angle = self.R.uniform(0, 2 * np.pi)
        i, j = np.ogrid[: plane.shape[0], : plane.shape[1]]
        place = centre[0] + away * np.cos(angle), centre[1] + away * np.sin(angle)
        plane[np.hypot(i - place[0], j - place[1]) < radius] = value

    def _blend(self, image: np.ndarray, tissue: np.ndarray, inside: np.ndarray) -> None:
        noisy = tissue + grain(self.R, image.shape, self.R.uniform(5, 25))
        image += soften(np.broadcast_to(inside, image.shape), 0.7) * (noisy - image)


class RandLimbsd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandLimbs`: ``keys``, ``label_key`` and its arguments."""

    array = RandLimbs
