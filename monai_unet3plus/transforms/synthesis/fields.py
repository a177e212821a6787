# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Smooth random fields, soft masks, noise with the grain of a CT, and where to paint, for synthesis transforms."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from scipy import ndimage
from scipy.interpolate import make_interp_spline

__all__ = [
    "AIR",
    "SOFT_TISSUE",
    "check_range",
    "find_body",
    "find_soft_tissue",
    "find_windows",
    "grain",
    "log_uniform",
    "smooth_field",
    "soften",
    "white_noise",
    "window_around",
]

AIR = -150.0  # HU, above all air and below all tissue
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
    field = R.standard_normal([ceil(n / scale) + 5 for n in shape])
    for axis, n in enumerate(shape):
        places = np.arange(n) / scale + R.uniform(1.5, 2)  # off the spline's ends, where it swings more
        field = make_interp_spline(np.arange(field.shape[axis]), field, axis=axis)(places)
    return (1.5 * field).astype(np.float32)


def soften(masks: np.ndarray, sigma: float) -> np.ndarray:
    """
    Masks ``(C, H, W)`` whose edges are as soft as a scanner's, values 0 to 1.

    Args:
        masks: booleans.
        sigma: standard deviation of the blur within slices, in pixels.
    """
    return ndimage.gaussian_filter(masks.astype(np.float32), (0, sigma, sigma))


def white_noise(R: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of standard deviation 1, each number independent of the others, as float32."""
    # a Generator seeded by R, since that takes a third of the time of R's own method
    return np.random.Generator(np.random.SFC64(R.randint(2**31))).standard_normal(shape, dtype=np.float32)


def grain(R: np.random.RandomState, shape: tuple[int, ...], std: float) -> np.ndarray:
    """Noise of the given standard deviation, correlated over about a pixel as reconstruction filters leave it."""
    noise = ndimage.gaussian_filter(white_noise(R, shape), (0, 0.6, 0.6))
    return noise * (std / max(float(noise.std()), 1e-6))


def window_around(
    shape: tuple[int, ...], places: Sequence[Sequence[float]] | np.ndarray, reach: float
) -> tuple[slice, slice, slice]:
    """
    The part of a slab, of all its slices, that has places, and places less than a distance away, to paint there only.

    Args:
        shape: the slab's shape, ``(C, H, W)``.
        places: row and column of each place, which may lie outside the slab.
        reach: distance in pixels, along rows and columns.
    """
    low, high = np.min(places, axis=0) - reach, np.max(places, axis=0) + reach + 1
    rows, columns = (slice(*np.clip([a, b], 0, n).astype(int).tolist()) for a, b, n in zip(low, high, shape[1:]))
    return slice(0, shape[0]), rows, columns


def find_windows(label: np.ndarray, margin: float = 0) -> dict[int, tuple[slice, slice, slice]]:
    """
    The part of a slab, of all its slices, in which each organ lies, by the organ's value; none where it is absent.

    Args:
        label: label map ``(C, H, W)``.
        margin: pixels around the organ that belong to its part too.
    """
    windows = {}
    for value, box in enumerate(ndimage.find_objects(label), start=1):
        if box is not None:
            corners = [[s.start for s in box[1:]], [s.stop - 1 for s in box[1:]]]
            windows[value] = window_around(label.shape, corners, margin)
    return windows


def find_body(plane: np.ndarray) -> np.ndarray:
    """
    Booleans that tell which pixels are body, with the air that it encloses; none without a body.

    The table is no body: it is thin, or smaller.

    Args:
        plane: intensities of one slice in Hounsfield units.
    """
    parts, _ = ndimage.label(_open(plane > AIR))
    sizes = np.bincount(parts.ravel())[1:]
    if not len(sizes):
        return np.zeros(plane.shape, dtype=bool)
    # pixels connected with a frame around the picture are not enclosed
    outside, _ = ndimage.label(np.pad(parts != sizes.argmax() + 1, 1, constant_values=True))
    return (outside != outside[0, 0])[1:-1, 1:-1]


def _open(mask: np.ndarray) -> np.ndarray:
    """SciPy's ``binary_opening``, several times as fast."""
    for combine in (np.logical_and, np.logical_or):  # with neighbours along rows and columns
        wide = np.pad(mask, 1)
        mask = combine.reduce([mask, wide[2:, 1:-1], wide[:-2, 1:-1], wide[1:-1, 2:], wide[1:-1, :-2]])
    return mask


def find_soft_tissue(image: np.ndarray, lowest: float) -> np.ndarray:
    """
    Booleans that tell which voxels are neither air nor bone.

    A picture that keeps one window of Hounsfield units only may have one value for air and fat, its lowest: such voxels
    are no tissue either.

    Args:
        image: intensities in Hounsfield units, of a picture or a part of it.
        lowest: the whole picture's lowest intensity.
    """
    return (image > max(SOFT_TISSUE[0], lowest + _ABOVE_LOWEST)) & (image < SOFT_TISSUE[1])


def check_range(values: Sequence[float]) -> tuple[float, float]:
    """The two ends of a range, as JSON gives it, a list."""
    low, high = values
    return float(low), float(high)


def log_uniform(R: np.random.RandomState, low: float, high: float) -> float:
    """A number whose logarithm is evenly distributed."""
    return float(np.exp(R.uniform(np.log(low), np.log(high))))
