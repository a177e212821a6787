# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of each organ in three planes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from monai.config import PathLike
from nibabel.affines import voxel_sizes
from scipy import ndimage

from .panels import (
    AXIAL,
    CORONAL,
    ORIENTATION_NOTE,
    SAGITTAL,
    Plane,
    add_legend,
    draw_outlines,
    make_panels,
    save_figure,
    show_plane,
)

__all__ = ["largest_slice", "save_planes"]

_PLANES = (AXIAL, CORONAL, SAGITTAL)
_COARSE_MM = 4.0  # fine enough to find the body
_FLAT = 0.5  # height of coronal slices, as a share of that of axial ones, below which organs stand side by side
_COLUMNS = 3

Box = tuple[slice, slice, slice]
_WHOLE: Box = (slice(0, None), slice(0, None), slice(0, None))


def save_planes(
    image: np.ndarray,
    label_map: np.ndarray,
    organs: Sequence[str],
    affine: np.ndarray,
    output_file: PathLike,
    window: Sequence[float] = (0.0, 1.0),
    note: str = "",
) -> None:
    """
    Draw a CT with the outlines of its organs: for each the axial, the coronal and the sagittal slice with most of it.

    All have one scale and the patient's proportions, and are shown as radiologists are used to: the patient's right on
    the left side, the front or the head on top; in a sagittal slice the front is on the left side. An organ that is not
    there has no row; if none is, slices through the middle are shown. Slices are cut to the body. Coronal and sagittal
    slices of a CT that is longer than wide show the part around the organs. If the CT is a thin slab, organs stand side
    by side, with the three planes of each below each other, so that flat slices leave no room empty.

    Args:
        image: CT with axes towards the patient's right, front and head, ``(H, W, D)``.
        label_map: of the same shape; 1 is the first organ.
        organs: their names.
        affine: from voxels to mm, axes towards right, front and head as in NIfTI, ``(4, 4)``.
        output_file: picture to write; its suffix says in which format.
        window: values of the CT shown as black and white. Defaults to (0, 1).
        note: text below the picture. Defaults to nothing.
    """
    spacing = [float(size) for size in voxel_sizes(affine)]
    boxes: list[Box | None] = ndimage.find_objects(label_map, max_label=len(organs))
    rows = [
        [largest_slice(label_map[box] == position, plane, box) for plane in _PLANES]
        for position, box in enumerate(boxes, start=1)
        if box is not None
    ]
    if not rows:
        rows = [[image.shape[plane.axis] // 2 for plane in _PLANES]]
    found = [box for box in boxes if box is not None]
    across, along = _body(image, window[0], spacing, found), _part_shown(found, image.shape, spacing)
    shown: Box = (*across, along)
    size = [(part.stop - part.start) * voxel for part, voxel in zip(shown, spacing)]
    cells = [list(zip(_PLANES, indices)) for indices in rows]
    if size[2] < _FLAT * size[1]:
        groups = [cells[first : first + _COLUMNS] for first in range(0, len(cells), _COLUMNS)]
        cells = [list(row) for group in groups for row in zip(*group)]

    figure, axes = make_panels([[plane.pick(size) for plane, _ in row] for row in cells])
    for ax, (plane, index) in ((ax, cell) for places, row in zip(axes, cells) for ax, cell in zip(places, row)):
        pixel, part = plane.pick(spacing), plane.pick(shown)
        show_plane(
            ax, plane.cut(image, index)[part], pixel, window, plane.sides, plane.caption(index, image.shape, affine)
        )
        labels = plane.cut(label_map, index)[part]
        draw_outlines(ax, [labels == position for position in range(1, len(organs) + 1)], pixel)
    add_legend(figure, organs, note=f"{ORIENTATION_NOTE}; {note}" if note else ORIENTATION_NOTE)
    save_figure(figure, output_file)


def largest_slice(mask: np.ndarray, plane: Plane, box: Box = _WHOLE) -> int:
    """
    The slice with most of a mask.

    Args:
        mask: with axes towards the patient's right, front and head, or the part of it that is in a box.
        plane: that the slice is parallel to.
        box: where the part lies. Defaults to all.
    """
    others = tuple(axis for axis in range(3) if axis != plane.axis)
    return box[plane.axis].start + int(np.count_nonzero(mask, axis=others).argmax())


def _body(image: np.ndarray, black: float, spacing: Sequence[float], organs: Sequence[Box]) -> tuple[slice, slice]:
    """Across the patient the part with the body and all organs, without table and air; all if there is no body."""
    steps = [max(1, round(_COARSE_MM / size)) for size in spacing]
    coarse = image[tuple(slice(None, None, step) for step in steps)] > black
    parts, _ = ndimage.label(ndimage.binary_opening(coarse, np.ones((3, 3, 1))))  # the table is a thin line
    sizes = np.bincount(parts.ravel())[1:]
    if not len(sizes):
        return slice(0, image.shape[0]), slice(0, image.shape[1])
    box = ndimage.find_objects(parts)[int(sizes.argmax())]
    body = [slice((part.start - 1) * step, (part.stop + 1) * step) for part, step in zip(box, steps)]
    ends = [
        (min(part.start for part in parts), max(part.stop for part in parts))
        for parts in ([body[axis], *(organ[axis] for organ in organs)] for axis in (0, 1))
    ]
    first, second = (slice(max(start, 0), min(stop, n)) for (start, stop), n in zip(ends, image.shape))
    return first, second


def _part_shown(boxes: Sequence[Box], shape: Sequence[int], spacing: Sequence[float]) -> slice:
    """Along the patient no more than the width of the CT, with the organs in the middle."""
    most = math.ceil(max(shape[0] * spacing[0], shape[1] * spacing[1]) / spacing[2])
    if shape[2] <= most:
        return slice(0, shape[2])
    ends = [end for box in boxes for end in (box[2].start, box[2].stop)] or [0, shape[2]]
    start = (min(ends) + max(ends) - most) // 2
    start = min(max(start, 0), shape[2] - most)
    return slice(start, start + most)
