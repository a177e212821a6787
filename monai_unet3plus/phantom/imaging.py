# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The scanner: soft occupancy with partial volume, point spread, correlated noise, quantisation.

Distances are evaluated on a grid that is coarser in plane than the image and interpolated to pixels, which loses
nothing (distances are smooth) and saves most of the time. Work goes slab by slab, so memory is bounded by the result.
"""

from __future__ import annotations

import numpy as np

from .anatomy import Anatomy
from .planes import Grid, Noise, Scanner, Texture, convolve, gaussian, refine, ruler
from .shapes import Array, Points
from .trunk import Structure

__all__ = ["render"]

_AIR_HU = -1000.0
_COARSE_MM = 2.6
_SLAB = 16
_MARGIN_MM = 12.0  # more than the largest displacement of a frame, so that boxes stay valid in scanner coordinates
_HU_LIMITS = (-1024, 3071)


def render(anatomy: Anatomy, grid: Grid, scanner: Scanner, rng: np.random.Generator) -> tuple[Array, Array]:
    """Scan a patient.

    Args:
        anatomy: the patient.
        grid: where to sample.
        scanner: noise and sharpness.
        rng: source of the noise and of the texture of tissue.

    Returns:
        int16 image in HU, -1024 to 3071, and uint8 label map, both ``(z, y, x)``.
    """
    nx, ny, nz = grid.shape
    image, label = np.empty((nz, ny, nx), np.int16), np.empty((nz, ny, nx), np.uint8)
    texture = Texture(grid, rng)
    noise = Noise(grid, scanner, rng)
    point_spread = gaussian(scanner.blur / grid.spacing)
    for first in range(0, nz, _SLAB):
        last = min(first + _SLAB, nz)
        for offset, (hu, classes) in enumerate(zip(*_paint_slab(anatomy, grid, texture, first, last))):
            plane = convolve(hu, point_spread) + noise.next_plane()
            image[first + offset] = np.clip(np.rint(plane), *_HU_LIMITS)
            label[first + offset] = classes
    return image, label


def _paint_slab(anatomy: Anatomy, grid: Grid, texture: Texture, first: int, last: int) -> tuple[Array, Array]:
    """Paint slices ``first`` to ``last`` (exclusive): float32 HU without noise and uint8 labels, ``(z, y, x)``."""
    nx, ny, _ = grid.shape
    step = max(1, round(_COARSE_MM / grid.spacing))
    axes = (
        ruler(grid.start[0], step * grid.spacing, -(-(nx - 1) // step) + 1),
        ruler(grid.start[1], step * grid.spacing, -(-(ny - 1) // step) + 1),
        ruler(grid.start[2] + (first - 1) * grid.thickness, grid.thickness, last - first + 2),
    )
    bent, rigid = anatomy.frame.points(*axes), anatomy.frame.rigid_points(*axes)
    hu = np.full((last - first, ny, nx), _AIR_HU, np.float32)
    label = np.zeros(hu.shape, np.uint8)
    variation = [texture.plane(index) for index in range(first, last)]
    for structure in anatomy.structures:
        scale = (1.0, 1.0, 1.0) if structure.rigid else anatomy.frame.scale
        window = _window(structure.shape.box, axes, scale)
        if window is None:
            continue
        depth = _depth(structure, (rigid if structure.rigid else bent).crop(window), grid, step)
        for offset in range(last - first):
            layer = offset + 1 - window[0].start
            if 0 <= layer < len(depth):
                origin = (window[1].start, window[2].start)
                _paint_plane(structure, depth[layer], origin, step, hu[offset], label[offset], variation[offset])
    return hu, label


def _depth(structure: Structure, points: Points, grid: Grid, step: int) -> Array:
    """Signed distance to the surface in units of the width over which a voxel passes through it, ``(z, x, y)``."""
    distance = structure.shape.distance(points)
    width = np.full_like(distance, 0)
    for axis, share in ((0, 1.0), (1, 1.0 / step), (2, 1.0 / step)):
        width += np.abs(np.gradient(distance, axis=axis)) * np.float32(share)
    # where the gradient vanishes, on the ridge of thin things, the plain pixel size is the sane width
    return np.asarray(np.clip(distance / np.maximum(width, np.float32(grid.spacing)), -30, 30))


def _paint_plane(
    structure: Structure, depth: Array, origin: tuple[int, int], step: int, hu: Array, label: Array, variation: Array
) -> None:
    """Blend a structure into one slice in place.

    Args:
        structure: the structure to paint.
        depth: coarse ``(x, y)`` plane of :func:`_depth`.
        origin: coarse index of the first sample of ``depth`` along x and y.
        step: pixels per coarse sample.
        hu: float32 ``(y, x)``.
        label: uint8 ``(y, x)``.
        variation: float32 ``(y, x)`` texture of unit standard deviation.
    """
    near = depth < 0.5
    if not near.any():
        return
    bounds = [_support(np.any(near, axis=1 - axis)) for axis in (0, 1)]
    depth = depth[bounds[0][0] : bounds[0][1], bounds[1][0] : bounds[1][1]]
    (x0, x1), (y0, y1) = (
        (step * (start + low), min(step * (start + high - 1) + 1, size))
        for start, (low, high), size in zip(origin, bounds, hu.shape[::-1])
    )
    fine = refine(refine(depth, step, x1 - x0).T, step, y1 - y0)
    target, classes = hu[y0:y1, x0:x1], label[y0:y1, x0:x1]
    occupancy = np.clip(np.float32(0.5) - fine, 0, 1)
    value = variation[y0:y1, x0:x1] * np.float32(structure.texture) + np.float32(structure.hu)
    target += occupancy * (value - target)
    if structure.label is not None:
        classes[fine < 0] = structure.label


def _support(used: Array) -> tuple[int, int]:
    """First and one past the last true element, widened by one where there is room."""
    (places,) = np.nonzero(used)
    return max(int(places[0]) - 1, 0), min(int(places[-1]) + 2, len(used))


def _window(
    box: Array, axes: tuple[Array, Array, Array], scale: tuple[float, float, float]
) -> tuple[slice, slice, slice] | None:
    """Index window ``(z, x, y)`` of a canonical box on a scanner grid, or None if they are apart."""
    slices = []
    for axis, (low, high), size in zip(axes, box, scale):
        start = int(np.searchsorted(axis, low * size - _MARGIN_MM))
        stop = int(np.searchsorted(axis, high * size + _MARGIN_MM))
        if start >= stop:
            return None
        # a gradient needs two samples
        slices.append(slice(max(start - 1, 0), stop + 1))
    return slices[2], slices[0], slices[1]
