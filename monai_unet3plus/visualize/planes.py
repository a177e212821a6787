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
    there has no row; if none is, slices through the middle are shown. Of a CT that is longer than wide, coronal and
    sagittal slices show the part around the organs.

    Args:
        image: CT with axes towards the patient's right, front and head, ``(H, W, D)``.
        label_map: of the same shape; 1 is the first organ.
        organs: their names.
        affine: from voxels to mm, axes towards right, front and head as in NIfTI, ``(4, 4)``.
        output_file: picture to write; its suffix says in which format.
        window: values of the CT shown as black and white. Defaults to (0, 1).
        note: what to say below the picture. Defaults to nothing.
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
    part = _part_shown([box for box in boxes if box is not None], image.shape, spacing)
    shown = [image.shape[0], image.shape[1], part.stop - part.start]
    panels = [plane.pick([number * size for number, size in zip(shown, spacing)]) for plane in _PLANES]

    figure, axes = make_panels([panels] * len(rows))
    for row, indices in zip(axes, rows):
        for ax, plane, index in zip(row, _PLANES, indices):
            pixel, lengthwise = plane.pick(spacing), part if plane is not AXIAL else slice(None)
            title = plane.caption(index, image.shape, affine)
            show_plane(ax, plane.cut(image, index)[:, lengthwise], pixel, window, plane.sides, title)
            labels = plane.cut(label_map, index)[:, lengthwise]
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


def _part_shown(boxes: Sequence[Box], shape: Sequence[int], spacing: Sequence[float]) -> slice:
    """Along the patient no more than the width of the CT, with the organs in the middle."""
    most = math.ceil(max(shape[0] * spacing[0], shape[1] * spacing[1]) / spacing[2])
    if shape[2] <= most:
        return slice(0, shape[2])
    ends = [end for box in boxes for end in (box[2].start, box[2].stop)] or [0, shape[2]]
    start = (min(ends) + max(ends) - most) // 2
    start = min(max(start, 0), shape[2] - most)
    return slice(start, start + most)
