# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of the slices in which two masks differ most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from monai.config import PathLike
from nibabel.affines import voxel_sizes

from .outlines import axial_slices_through
from .panels import (
    AXIAL,
    CORONAL,
    ORIENTATION_NOTE,
    SAGITTAL,
    WIDTHS_OF_PAIRS,
    LineStyle,
    Plane,
    add_legend,
    draw_outlines,
    make_panels,
    save_figure,
    show_plane,
)
from .planes import largest_slice

__all__ = ["save_differences", "worst_slices"]

_MARGIN_MM = 15.0
_APART_MM = 10.0
_LINESTYLES: tuple[LineStyle, ...] = ("solid", "dashed", "dotted", "dashdot")


def save_differences(
    image: np.ndarray,
    masks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    affine: np.ndarray,
    output_file: PathLike,
    window: Sequence[float] = (0.0, 1.0),
    title: str = "",
) -> None:
    """
    Draw the slices in which truth and prediction differ most, with the outlines of both: up to three axial ones, from
    head to feet, a coronal and a sagittal one.

    All have one scale and the patient's proportions, and show the part around the masks, as radiologists are used to:
    the patient's right on the left side, the front or the head on top; in the sagittal slice the front is on the left
    side. Each says where it lies, and which area differs. Where nothing differs, slices through the truth are shown.

    Args:
        image: CT with axes towards the patient's right, front and head, ``(H, W, D)``.
        masks: truth and prediction of each organ, by its name, on the grid of the CT.
        affine: from voxels to mm, axes towards right, front and head as in NIfTI, ``(4, 4)``.
        output_file: picture to write; its suffix says in which format.
        window: values of the CT shown as black and white. Defaults to (0, 1).
        title: text above the picture. Defaults to none.
    """
    spacing = [float(size) for size in voxel_sizes(affine)]
    pairs = [
        (np.asarray(truth, dtype=bool), np.asarray(prediction, dtype=bool)) for truth, prediction in masks.values()
    ]
    differing = sum((truth != prediction for truth, prediction in pairs), np.zeros(image.shape, np.uint8))
    apart = max(3, math.ceil(_APART_MM / spacing[2]))
    chosen = worst_slices(differing.sum(axis=(0, 1)), apart)
    shown = differing if chosen else np.any([truth for truth, _ in pairs] or [differing], axis=0)
    chosen = chosen or axial_slices_through(shown)
    rows: list[list[tuple[Plane, int]]] = [
        [(AXIAL, z) for z in sorted(set(chosen), reverse=True)],
        [(plane, largest_slice(shown, plane)) for plane in (CORONAL, SAGITTAL)],
    ]
    part = _part_around([mask for pair in pairs for mask in pair], image.shape, spacing)
    size = [(side.stop - side.start) * voxel for side, voxel in zip(part, spacing)]

    figure, axes = make_panels([[plane.pick(size) for plane, _ in row] for row in rows], title)
    for panels, row in zip(axes, rows):
        for ax, (plane, index) in zip(panels, row):
            pixel, seen = plane.pick(spacing), plane.pick(part)
            area = float(plane.cut(differing, index).sum()) * math.prod(pixel) / 100
            text = f"{plane.caption(index, image.shape, affine)}: {area:.1f} cm² differ"
            show_plane(ax, plane.cut(image, index)[seen], pixel, window, plane.sides, text)
            for pair, linestyle in zip(pairs, _LINESTYLES * len(pairs)):
                draw_outlines(ax, [plane.cut(mask, index)[seen] for mask in pair], pixel, linestyle, WIDTHS_OF_PAIRS)
    organs = dict(zip(masks, _LINESTYLES * len(pairs)))
    add_legend(figure, ["truth", "prediction"], organs if len(organs) > 1 else None, ORIENTATION_NOTE)
    save_figure(figure, output_file)


def worst_slices(voxels: Sequence[int] | np.ndarray, apart: int, number: int = 3) -> list[int]:
    """
    Choose the slices with most differing voxels, of which no two are neighbours.

    Args:
        voxels: number of differing voxels of each slice.
        apart: smallest distance of two chosen slices.
        number: how many to choose at most. Defaults to 3.

    Returns:
        indices, the worst first; slices without any difference are not chosen.
    """
    chosen: list[int] = []
    for z in np.argsort(-np.asarray(voxels).astype(int), kind="stable"):
        if voxels[z] == 0 or len(chosen) == number:
            break
        if all(abs(int(z) - other) >= apart for other in chosen):
            chosen.append(int(z))
    return chosen


def _part_around(
    masks: Sequence[np.ndarray], shape: Sequence[int], spacing: Sequence[float]
) -> tuple[slice, slice, slice]:
    """The box that holds all masks with a margin, or the whole volume if they are empty."""
    part = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        occupied = np.zeros(shape[axis], dtype=bool)
        for mask in masks:
            occupied |= mask.any(axis=others)
        indices, margin = np.flatnonzero(occupied), math.ceil(_MARGIN_MM / spacing[axis])
        first, last = (int(indices[0]), int(indices[-1])) if len(indices) else (0, shape[axis] - 1)
        part.append(slice(max(first - margin, 0), min(last + margin + 1, shape[axis])))
    return part[0], part[1], part[2]
