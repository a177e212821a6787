# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Lesions and vessels painted into organs."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from scipy import ndimage
from scipy.special import expit

from .base import RandSynthesis, RandSynthesisd
from .fields import check_range, find_windows, grain, log_uniform, smooth_field, window_around

__all__ = ["RandLesions", "RandLesionsd", "RandVessels", "RandVesselsd"]


class RandLesions(RandSynthesis):
    """
    Paint lesions into organs: metastases, cysts, enhancing and calcified ones, small and large. They stay organ.

    Each is a blob with a wavy, soft edge whose cross-section changes from slice to slice. A few voxels to most of an
    organ: networks that have seen clean organs alone leave large lesions, and the tissue around them, out.

    Args:
        max_lesions: largest number of lesions in an organ. Defaults to 6.
        radius: smallest and largest radius in pixels, drawn evenly in its logarithm. Defaults to ``(1.5, 25)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(self, max_lesions: int = 6, radius: Sequence[float] = (1.5, 25.0), prob: float = 0.5) -> None:
        super().__init__(prob)
        self.max_lesions = max_lesions
        self.radius = check_range(radius)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        painted = image.copy()
        for value, box in find_windows(label).items():
            organ = label[box] == value
            voxels = np.argwhere(organ)
            mean = float(np.median(image[box][organ]))
            kind = self.R.randint(4)  # lesions of one organ are mostly alike
            for _ in range(self.R.randint(1, self.max_lesions + 1)):
                radius, edge = log_uniform(self.R, *self.radius), self.R.uniform(0.4, 2.0)
                centre = voxels[self.R.randint(len(voxels))]
                # a blob may be 1.6 times as long, and wavy; at 10 times its edge's width it has no weight
                window = window_around(organ.shape, [centre[1:]], 1.6 * (1.5 * radius + 10 * edge))
                part = painted[box][window]
                weight = self._blob(window, centre, radius, edge) * organ[window]
                part += weight * (self._intensity(kind, mean) + grain(self.R, part.shape, 8.0) - part)
                if kind == 1 and radius > 4:  # some enhance at their rim
                    rim = 4 * weight * (1 - weight)
                    part += rim * self.R.uniform(0, 50)
        return painted, label

    def _intensity(self, kind: int, organ_mean: float) -> float:
        if kind == 0:  # a cyst
            return self.R.uniform(-5, 25)
        if kind == 1:  # hypodense
            return organ_mean - self.R.uniform(10, 80)
        if kind == 2:  # enhancing
            return organ_mean + self.R.uniform(10, 70)
        return self.R.choice([organ_mean + self.R.uniform(-60, 60), self.R.uniform(150, 400)])  # mixed with calcified

    def _blob(self, window: tuple[slice, ...], centre: np.ndarray, radius: float, edge: float) -> np.ndarray:
        """Soft masks ``(C, H, W)``, values 0 to 1, in a window, of a lesion whose middle is at ``centre``."""
        reach = self.R.uniform(0.1, 0.6)  # part of its radius that a lesion loses from slice to slice
        rows, columns = np.ogrid[window[1:]]
        angle, stretch = self.R.uniform(0, np.pi), self.R.uniform(1, 1.6)
        a = (rows - centre[1]) * np.cos(angle) + (columns - centre[2]) * np.sin(angle)
        b = (columns - centre[2]) * np.cos(angle) - (rows - centre[1]) * np.sin(angle)
        distance = np.hypot(a / stretch, b * stretch)
        distance = distance + 0.15 * radius * smooth_field(self.R, distance.shape, max(radius, 3.0))
        radii = [radius * np.sqrt(max(1 - (reach * (c - centre[0])) ** 2, 0)) for c in range(window[0].stop)]
        return np.stack([expit((r - distance) / edge) * (r > 0) for r in radii])


class RandLesionsd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandLesions`: ``keys``, ``label_key`` and its arguments."""

    array = RandLesions


class RandVessels(RandSynthesis):
    """
    Paint vessels into organs: curved, branching lines that are brighter than the organ, or darker as without contrast.

    Args:
        max_vessels: largest number of vessels in an organ. Defaults to 8.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(self, max_vessels: int = 8, prob: float = 0.5) -> None:
        super().__init__(prob)
        self.max_vessels = max_vessels

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        painted = image.copy()
        for value, box in find_windows(label).items():
            organ = label[box] == value
            voxels = np.argwhere(organ) + [s.start for s in box]
            contrast = self.R.choice([self.R.uniform(-35, -10), self.R.uniform(10, 90)])
            lines = np.zeros(label.shape, dtype=np.float32)
            for _ in range(self.R.randint(1, self.max_vessels + 1)):
                self._draw(lines, voxels[self.R.randint(len(voxels))])
            painted[box] += lines[box] * organ * contrast
        return painted, label

    def _draw(self, lines: np.ndarray, start: np.ndarray) -> None:
        """Draw one vessel that passes near ``start``; it shifts a little from slice to slice."""
        steps = self.R.randint(4, 40)
        angles = self.R.uniform(0, 2 * np.pi) + np.cumsum(self.R.normal(0, 0.25, steps))
        path = start[1:] + np.cumsum(np.stack([np.sin(angles), np.cos(angles)], axis=1), axis=0)
        shift, width = self.R.normal(0, 1.5, 2), self.R.uniform(0.5, 2.0)
        offsets = np.arange(len(lines))[:, None, None] - start[0]
        points = np.rint(path + offsets * shift).astype(int)
        window = window_around(lines.shape, points.reshape(-1, 2), ceil(4 * width))
        inside = ((points >= 0) & (points < lines.shape[1:])).all(axis=-1)
        channels, _ = np.nonzero(inside)
        rows, columns = (points[inside] - [s.start for s in window[1:]]).T
        masks = np.zeros_like(lines[window])
        masks[channels, rows, columns] = 1
        masks = ndimage.gaussian_filter(masks, (0, width, width))
        masks /= np.maximum(masks.max(axis=(1, 2), keepdims=True), 1e-6)
        lines[window] = np.maximum(lines[window], masks)


class RandVesselsd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandVessels`: ``keys``, ``label_key`` and its arguments."""

    array = RandVessels
