# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Scan grid and scanner settings, and their effect on a plane: interpolation, texture, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import convolve1d

from .shapes import Array

__all__ = ["Grid", "Noise", "Scanner", "Texture", "convolve", "gaussian", "refine", "ruler"]

_TEXTURE_MM = 9.0


@dataclass(frozen=True)
class Grid:
    """Voxel centres of a scan in scanner coordinates (RAS+ mm about the middle of the body).

    Attributes:
        start: centre of the first voxel along x, y and z.
        spacing: pixel size in mm along x and y.
        thickness: slice thickness and slice spacing in mm.
        shape: number of voxels along x, y and z.
    """

    start: tuple[float, float, float]
    spacing: float
    thickness: float
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Scanner:
    """Properties of the image that do not come from the anatomy.

    Attributes:
        noise: standard deviation in HU at the middle of the body.
        grain: standard deviation in mm of the Gaussian that correlates the noise in plane.
        blur: standard deviation in mm of the point spread in plane.
        overlap: correlation of the noise of neighbouring slices, 0 to below 1.
    """

    noise: float
    grain: float
    blur: float
    overlap: float


class Texture:
    """Slow random variation of tissue density with unit standard deviation at its nodes, sampled slice by slice."""

    def __init__(self, grid: Grid, rng: np.random.Generator) -> None:
        self._grid = grid
        self._step = max(1, round(_TEXTURE_MM / grid.spacing))
        nx, ny, nz = grid.shape
        nodes = (int(nz * grid.thickness / _TEXTURE_MM) + 2, nx // self._step + 2, ny // self._step + 2)
        self._nodes = rng.standard_normal(nodes, dtype=np.float32)

    def plane(self, index: int) -> Array:
        """Texture ``(y, x)`` of a slice."""
        low, weight = divmod(index * self._grid.thickness / _TEXTURE_MM, 1)
        nodes = self._nodes[int(low)] * np.float32(1 - weight) + self._nodes[int(low) + 1] * np.float32(weight)
        nx, ny, _ = self._grid.shape
        return refine(refine(nodes, self._step, nx).T, self._step, ny)


class Noise:
    """Noise planes, correlated in plane and from slice to slice, stronger in the middle of the field of view."""

    def __init__(self, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> None:
        nx, ny, _ = grid.shape
        x, y = (ruler(-(n - 1) / 2, 1.0, n) * np.float32(grid.spacing / 130) for n in (nx, ny))
        self._rng = rng
        self._level = np.float32(scanner.noise) * (0.5 + 0.5 * np.exp(-(x[None, :] ** 2) - y[:, None] ** 2))
        self._overlap = np.float32(scanner.overlap)
        kernel = gaussian(scanner.grain / grid.spacing)
        # per axis, so that the plane keeps unit variance
        self._kernel = kernel / np.sqrt((kernel**2).sum())
        self._plane = self._independent()

    def next_plane(self) -> Array:
        """Noise in HU of the next slice, float32 ``(y, x)``."""
        fresh = self._independent()
        self._plane = self._overlap * self._plane + np.sqrt(1 - self._overlap**2) * fresh
        return np.asarray(self._plane * self._level)

    def _independent(self) -> Array:
        return convolve(self._rng.standard_normal(self._level.shape, dtype=np.float32), self._kernel)


def ruler(start: float, spacing: float, count: int) -> Array:
    """Evenly spaced float32 coordinates, in the unit of ``start`` and ``spacing``."""
    return (start + spacing * np.arange(count)).astype(np.float32)


def gaussian(sigma: float) -> Array:
    """Sampled Gaussian of unit sum, ``sigma`` in pixels."""
    reach = max(1, int(np.ceil(2.5 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    return (kernel / kernel.sum()).astype(np.float32)


def convolve(plane: Array, kernel: Array) -> Array:
    """Convolve both axes of a plane with a symmetric kernel, edges repeated."""
    return convolve1d(convolve1d(plane, kernel, axis=0, mode="nearest"), kernel, axis=1, mode="nearest")


def refine(values: Array, step: int, count: int) -> Array:
    """Linear interpolation along the first axis: ``count`` rows, ``step`` of them per row of ``values``."""
    low, rest = np.divmod(np.arange(count), step)
    high = np.minimum(low + 1, len(values) - 1)
    weight = (rest / step).astype(np.float32)[:, None]
    below = values[low]
    return below + (values[high] - below) * weight
