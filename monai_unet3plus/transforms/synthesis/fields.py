# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Smooth random fields, soft masks and noise with the grain of a CT, for synthesis transforms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

__all__ = ["SOFT_TISSUE", "find_soft_tissue", "grain", "log_uniform", "check_range", "smooth_field", "soften"]

SOFT_TISSUE = (-150.0, 245.0)  # HU; below is air, above is bone, which every scan shows alike
_ABOVE_LOWEST = 10.0  # HU


def smooth_field(R: np.random.RandomState, shape: tuple[int, int], scale: float) -> np.ndarray:
    """
    A smooth random field of mean 0 and standard deviation about 1.

    Args:
        R: source of randomness.
        shape: height and width in pixels.
        scale: size of its bumps in pixels.
    """
    coarse = R.standard_normal([int(np.ceil(n / scale)) + 3 for n in shape])
    rows, columns = np.meshgrid(*(np.arange(n) / scale + R.uniform(0.5, 1) for n in shape), indexing="ij")
    return 1.5 * ndimage.map_coordinates(coarse, [rows, columns], order=3, mode="nearest")


def soften(masks: np.ndarray, sigma: float) -> np.ndarray:
    """
    Masks ``(C, H, W)`` whose edges are as soft as a scanner's, values 0 to 1.

    Args:
        masks: booleans.
        sigma: standard deviation of the blur within slices, in pixels.
    """
    return ndimage.gaussian_filter(masks.astype(np.float32), (0, sigma, sigma))


def grain(R: np.random.RandomState, shape: tuple[int, ...], std: float) -> np.ndarray:
    """Noise of the given standard deviation, correlated over about a pixel as reconstruction filters leave it."""
    noise = ndimage.gaussian_filter(R.standard_normal(shape).astype(np.float32), (0, 0.6, 0.6))
    return noise * (std / max(float(noise.std()), 1e-6))


def find_soft_tissue(image: np.ndarray) -> np.ndarray:
    """
    Booleans that tell which voxels are neither air nor bone.

    A picture that keeps one window of Hounsfield units only may have one value for air and fat, its lowest: such voxels
    are no tissue either.

    Args:
        image: intensities in Hounsfield units.
    """
    lowest = max(SOFT_TISSUE[0], float(image.min()) + _ABOVE_LOWEST)
    return (image > lowest) & (image < SOFT_TISSUE[1])


def check_range(values: Sequence[float]) -> tuple[float, float]:
    """The two ends of a range, as JSON gives it, a list."""
    low, high = values
    return float(low), float(high)


def log_uniform(R: np.random.RandomState, low: float, high: float) -> float:
    """A number whose logarithm is evenly distributed."""
    return float(np.exp(R.uniform(np.log(low), np.log(high))))
