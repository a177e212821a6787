# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture of a CT with outlines of masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import nibabel as nib
import numpy as np
from monai.config import PathLike
from nibabel.affines import voxel_sizes

from ..utils.orientation import ras_affine, ras_view
from .panels import (
    AXIAL,
    CORONAL,
    ORIENTATION_NOTE,
    WIDTHS_OF_PAIRS,
    add_legend,
    draw_outlines,
    make_panels,
    save_figure,
    show_plane,
)

__all__ = ["axial_slices_through", "save_outlines"]


def save_outlines(
    image_file: PathLike,
    mask_files: Mapping[str, PathLike],
    output_file: PathLike,
    label: int = 1,
    window: Sequence[float] = (-200, 250),
    title: str = "",
) -> None:
    """
    Draw a CT with the outlines of masks: three axial slices through the first mask, and a coronal one.

    Slices are shown as radiologists are used to: the patient's right on the left side, the front or the head on top.

    Args:
        image_file: NIfTI file of the CT.
        mask_files: name of each mask, for the legend, and its NIfTI file on the same grid.
        output_file: PNG to write.
        label: value of the masks that is outlined. Defaults to 1, the first organ.
        window: Hounsfield units shown as black and white. Defaults to (-200, 250).
        title: text above the picture. Defaults to none.
    """
    image, affine = _load(image_file)
    spacing = voxel_sizes(affine).tolist()
    masks = [_load(file)[0] == label for file in mask_files.values()]
    coronal = int(masks[0].sum(axis=(0, 2)).argmax()) if masks[0].any() else image.shape[1] // 2

    size = [number * voxel for number, voxel in zip(image.shape, spacing)]
    slices = [*((AXIAL, z) for z in axial_slices_through(masks[0])), (CORONAL, coronal)]
    figure, (axes,) = make_panels([[plane.pick(size) for plane, _ in slices]], title)
    for ax, (plane, index) in zip(axes, slices):
        pixel, caption = plane.pick(spacing), plane.caption(index, image.shape, affine)
        show_plane(ax, plane.cut(image, index), pixel, window, plane.sides, caption)
        draw_outlines(ax, [plane.cut(mask, index) for mask in masks], pixel, widths=WIDTHS_OF_PAIRS)
    add_legend(figure, list(mask_files), note=ORIENTATION_NOTE)
    save_figure(figure, output_file)


def axial_slices_through(mask: np.ndarray) -> list[int]:
    """
    Slices at a fifth, a half and four fifths of a mask's extent, or of the volume's quarters if the mask is empty.

    Args:
        mask: of shape ``(H, W, D)``, the last axis towards the head.
    """
    if not mask.any():
        return [mask.shape[2] // 4, mask.shape[2] // 2, 3 * mask.shape[2] // 4]
    extent = np.flatnonzero(mask.any(axis=(0, 1)))
    return [int(extent[int(share * (len(extent) - 1))]) for share in (0.2, 0.5, 0.8)]


def _load(file: PathLike) -> tuple[np.ndarray, np.ndarray]:
    """The voxels, with axes towards the patient's right, front and head, and their affine."""
    image = nib.Nifti1Image.from_filename(file)
    return ras_view(np.asarray(image.dataobj), image.affine)[0], ras_affine(image.affine, image.shape)
