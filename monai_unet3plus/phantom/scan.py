# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""One phantom case: a random patient, a random scan of that patient, and the way the array is stored."""

from __future__ import annotations

from dataclasses import dataclass

import nibabel as nib
import numpy as np

from .anatomy import Anatomy, random_anatomy
from .imaging import render
from .planes import Grid, Scanner
from .shapes import Array

__all__ = ["Phantom", "check_ranges", "make_phantom"]

_MAX_MATRIX = 560
# limits of the ranges, in mm: finer takes too much memory, coarser loses the anatomy
_LIMITS = {"pixel_size": (0.3, 5.0), "slice_thickness": (0.5, 10.0)}
# axis codes of the stored array and how often each occurs
_ORIENTATIONS = (("LPS", 0.35), ("RAS", 0.2), ("LAS", 0.2), ("RPS", 0.1), ("PIR", 0.08), ("ASL", 0.07))


@dataclass(frozen=True)
class Phantom:
    """A synthetic abdominal CT scan, made to test pipelines.

    It resembles no patient, and results on it say nothing about patients.

    Attributes:
        image: int16 ``(i, j, k)``, HU from -1024 to 3071.
        label: uint8 ``(i, j, k)``: 0 background, 1 liver, 2 spleen.
        affine: float64 ``(4, 4)``, maps voxel indices to RAS+ mm as in NIfTI.
    """

    image: Array
    label: Array
    affine: Array


def make_phantom(
    seed: int,
    index: int,
    pixel_size: tuple[float, float] = (0.6, 0.9),
    slice_thickness: tuple[float, float] = (1.0, 5.0),
) -> Phantom:
    """Make one case, a pure function of its arguments.

    The phantom is made to test pipelines; results on it say nothing about patients.

    Args:
        seed: seed of the data set, 0 or more.
        index: number of the case, 0 or more. Cases of one seed are independent of each other.
        pixel_size: smallest and largest pixel size in mm. Wide patients get pixels large enough for a matrix of
            about 560, as far as the largest size allows.
        slice_thickness: smallest and largest slice thickness (and spacing) in mm.

    Raises:
        ValueError: if ``seed`` or ``index`` is negative, or a range is wrong, see :func:`check_ranges`.
    """
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index: found {seed} and {index}, expected integers of 0 or more")
    check_ranges(pixel_size, slice_thickness)
    # separate streams: the patient is the same at each resolution of the scan
    patient_rng, scan_rng, noise_rng = (
        np.random.default_rng(s) for s in np.random.SeedSequence([seed, index]).spawn(3)
    )
    anatomy = random_anatomy(patient_rng)
    grid = _random_grid(anatomy, pixel_size, slice_thickness, scan_rng)
    image, label = render(anatomy, grid, _random_scanner(grid, scan_rng), noise_rng)
    return _store(image, label, grid, scan_rng)


def check_ranges(pixel_size: tuple[float, float], slice_thickness: tuple[float, float]) -> None:
    """Check the ranges of pixel size and slice thickness.

    Args:
        pixel_size: smallest and largest in mm, 0.3 to 5.
        slice_thickness: smallest and largest in mm, 0.5 to 10.

    Raises:
        ValueError: if a range has its ends in the wrong order or reaches beyond these limits.
    """
    for name, (low, high) in (("pixel_size", pixel_size), ("slice_thickness", slice_thickness)):
        least, most = _LIMITS[name]
        if not least <= low <= high <= most:
            raise ValueError(f"{name}: found {low} {high}, expected MIN <= MAX, both from {least} to {most} mm")


def _random_grid(
    anatomy: Anatomy, pixel_size: tuple[float, float], slice_thickness: tuple[float, float], rng: np.random.Generator
) -> Grid:
    """Choose a square field of view that holds body and table, and slices beyond both ends of the organs."""
    scout = np.arange(-260, 261, 8, dtype=np.float32)
    points = anatomy.frame.points(scout, scout, scout)
    used = anatomy.organs.distance(points).min(axis=(1, 2)) < 0
    bottom, top = float(scout[used].min()), float(scout[used].max())
    inside = anatomy.body.distance(points)[(scout >= bottom) & (scout <= top)].min(axis=0) < 0
    width = np.ptp(scout[inside.any(axis=1)]) + rng.uniform(20, 50)
    front, back = scout[inside.any(axis=0)].max(), scout[inside.any(axis=0)].min()
    field = max(float(width), float(front - back) + 60)
    smallest = min(max(pixel_size[0], field / _MAX_MATRIX), pixel_size[1])
    spacing = float(rng.uniform(smallest, pixel_size[1]))
    thickness = float(rng.uniform(*slice_thickness))
    # a sixth of the organs' height on either side leaves about a quarter of the slices without them
    beyond = (top - bottom) * rng.uniform(0.11, 0.22, size=2) + 2 * thickness
    matrix = int(np.ceil(field / spacing / 8)) * 8
    slices = int(np.ceil((top - bottom + beyond.sum()) / thickness)) + 1
    # the body sits a little above the middle, because the table needs room below it
    middle = (rng.uniform(-5, 5), 0.5 * (front + back) - 8 + rng.uniform(-4, 4))
    start = [float(m) - 0.5 * (matrix - 1) * spacing for m in middle]
    return Grid((start[0], start[1], bottom - float(beyond[0])), spacing, thickness, (matrix, matrix, slices))


def _random_scanner(grid: Grid, rng: np.random.Generator) -> Scanner:
    """Draw noise and sharpness; thin slices are noisier and more alike."""
    return Scanner(
        noise=float(rng.uniform(9, 20) * (2.5 / np.clip(grid.thickness, 1, 5)) ** 0.4),
        grain=float(rng.uniform(0.55, 0.95)),
        blur=float(rng.uniform(0.4, 0.8)),
        overlap=float(np.exp(-grid.thickness / rng.uniform(1.0, 2.0))),
    )


def _store(image: Array, label: Array, grid: Grid, rng: np.random.Generator) -> Phantom:
    """Turn ``(z, y, x)`` arrays into a random axis order with the affine that goes with it and a random origin."""
    affine = np.diag([grid.spacing, grid.spacing, grid.thickness, 1.0])
    affine[:3, 3] = np.asarray(grid.start) + rng.uniform((-30, -180, -900), (30, 180, 300))
    codes, weights = zip(*_ORIENTATIONS)
    code = codes[rng.choice(len(codes), p=weights)]
    turn = nib.orientations.ornt_transform(
        nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(tuple(code))
    )
    affine = affine @ nib.orientations.inv_ornt_aff(turn, grid.shape)
    stored = [nib.orientations.apply_orientation(array.transpose(2, 1, 0), turn) for array in (image, label)]
    return Phantom(stored[0], stored[1], affine)
