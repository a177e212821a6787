# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Other intensities of organs and tissues: contrast phases, native CTs."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from scipy import ndimage

from .base import RandSynthesis, RandSynthesisd
from .fields import SOFT_TISSUE, check_range, find_soft_tissue, find_windows, soften

__all__ = [
    "RandNativeContrast",
    "RandNativeContrastd",
    "RandOrganIntensities",
    "RandOrganIntensitiesd",
    "RandTissueIntensities",
    "RandTissueIntensitiesd",
]

_EDGE = 0.7  # pixels, the blur of an organ's edge


class RandOrganIntensities(RandSynthesis):
    """
    Give each organ another mean in Hounsfield units: contrast phases, fatty livers, other scanners.

    An organ keeps its texture, weaker or stronger, and the soft edge to its surroundings.

    Based on the idea of drawing intensities anew per tissue in
        Billot et al. "SynthSeg: Segmentation of brain MRI scans of any contrast and resolution without retraining".
        Medical Image Analysis 2023, https://doi.org/10.1016/j.media.2023.102789

    Args:
        organ_ranges: lowest and highest mean of each organ, in HU.
        texture: range of the factor on the organ's texture. Defaults to ``(0.6, 1.5)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(
        self, organ_ranges: Sequence[Sequence[float]], texture: Sequence[float] = (0.6, 1.5), prob: float = 0.5
    ) -> None:
        super().__init__(prob)
        self.organ_ranges = [check_range(r) for r in organ_ranges]
        self.texture = check_range(texture)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        painted, windows = image.copy(), find_windows(label, ceil(4 * _EDGE))
        for value, (low, high) in enumerate(self.organ_ranges, start=1):
            target, factor = self.R.uniform(low, high), self.R.uniform(*self.texture)
            if value not in windows:
                continue
            part = image[windows[value]]
            mask = label[windows[value]] == value
            new = target + factor * (part - np.median(part[mask]))
            painted[windows[value]] += soften(mask, _EDGE) * (new - part)
        return painted, label


class RandOrganIntensitiesd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandOrganIntensities`: ``keys``, ``label_key`` and its arguments."""

    array = RandOrganIntensities


class RandTissueIntensities(RandSynthesis):
    """
    Give the soft tissues outside the organs other intensities, in random order: bright tissue may become dark.

    Voxels between air and bone are divided into a few classes by random thresholds; each gets a new mean and keeps a
    share of its texture. It teaches that an organ is known by shape and place, not by its surroundings' values.

    Based on the clusters outside the labels in
        Billot et al. "SynthSeg: Segmentation of brain MRI scans of any contrast and resolution without retraining".
        Medical Image Analysis 2023, https://doi.org/10.1016/j.media.2023.102789

    Args:
        num_classes: least and largest number of classes. Defaults to ``(3, 6)``.
        tissue_range: lowest and highest mean of a class, in HU. Defaults to ``(-120, 200)``.
        texture: range of the factor on the texture. Defaults to ``(0.3, 1.0)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(
        self,
        num_classes: Sequence[int] = (3, 6),
        tissue_range: Sequence[float] = (-120.0, 200.0),
        texture: Sequence[float] = (0.3, 1.0),
        prob: float = 0.5,
    ) -> None:
        super().__init__(prob)
        self.num_classes = tuple(num_classes)
        self.tissue_range = check_range(tissue_range)
        self.texture = check_range(texture)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outside = find_soft_tissue(image, float(image.min())) & (label == 0)
        if not outside.any():
            return image, label
        count = self.R.randint(self.num_classes[0], self.num_classes[1] + 1)
        shares = np.sort(self.R.uniform(0, 1, count - 1))
        values = image[outside]
        # of a smoother image, since noise would scatter a homogeneous tissue over two classes
        smooth = ndimage.gaussian_filter(image, (0, 1, 1))[outside]
        classes = np.searchsorted(np.quantile(values, shares).astype(np.float32), smooth, side="right")
        means, factors = self.R.uniform(*self.tissue_range, count), self.R.uniform(*self.texture, count)
        old_means = np.bincount(classes, values, count) / np.maximum(np.bincount(classes, minlength=count), 1)
        new = image.copy()
        new[outside] = means[classes] + factors[classes] * (values - old_means[classes])
        return image + soften(outside, _EDGE) * (new - image), label


class RandTissueIntensitiesd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandTissueIntensities`: ``keys``, ``label_key`` and its arguments."""

    array = RandTissueIntensities


class RandNativeContrast(RandSynthesis):
    """
    Take the contrast medium out: vessels, kidneys and organs get nearly one value, as in a native CT.

    Networks that have seen bright kidneys alone take those of a native CT for liver and spleen, whose values they have
    there. Soft tissue outside the organs is drawn together around one mean, and each organ a little above it.

    Args:
        tissue_range: lowest and highest mean of the surroundings, in HU. Defaults to ``(25, 55)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(self, tissue_range: Sequence[float] = (25.0, 55.0), prob: float = 0.5) -> None:
        super().__init__(prob)
        self.tissue_range = check_range(tissue_range)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = self.R.uniform(*self.tissue_range)
        enhanced = (image > mean) & (image < SOFT_TISSUE[1]) & (label == 0)
        new = np.where(enhanced, mean + self.R.uniform(0.05, 0.3) * (image - mean), image)
        for value, window in find_windows(label).items():
            organ = label[window] == value
            target = mean + self.R.uniform(-5, 25)
            values = image[window][organ]
            new[window][organ] = target + self.R.uniform(0.3, 1.0) * (values - np.median(values))
        return image + soften(enhanced | (label > 0), _EDGE) * (new - image), label


class RandNativeContrastd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandNativeContrast`: ``keys``, ``label_key`` and its arguments."""

    array = RandNativeContrast
