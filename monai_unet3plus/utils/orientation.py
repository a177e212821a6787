# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Volumes viewed along the patient's axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation, ornt_transform

__all__ = ["ras_affine", "ras_view", "reorient"]


def ras_view(array: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float]]:
    """
    Look at a volume with its axes towards the patient's right, front and head, for any order that it is stored in.

    An oblique axis counts as the anatomical one that is nearest to it.

    Args:
        array: a volume ``(..., X, Y, Z)``.
        affine: from voxels to mm, axes towards right, front and head as in NIfTI, ``(4, 4)``.

    Returns:
        a view, not a copy, and the size of its voxels in mm.
    """
    orientation = io_orientation(affine)
    sizes = voxel_sizes(affine)[np.argsort(orientation[:, 0])]
    view = np.moveaxis(
        apply_orientation(np.moveaxis(array, (-3, -2, -1), (0, 1, 2)), orientation), (0, 1, 2), (-3, -2, -1)
    )
    return view, (float(sizes[0]), float(sizes[1]), float(sizes[2]))


def ras_affine(affine: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """
    The affine of the view by :py:func:`ras_view`.

    Args:
        affine: of the volume as it is stored, ``(4, 4)``.
        shape: of the volume as it is stored, ``(X, Y, Z)``.
    """
    return affine @ inv_ornt_aff(io_orientation(affine), tuple(shape))


def reorient(array: np.ndarray, affine: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Store a volume in the order and direction of the axes of another one; its place in the patient stays.

    Args:
        array: a volume ``(X, Y, Z)``.
        affine: of the volume, ``(4, 4)``.
        target: affine of the other volume, ``(4, 4)``.

    Returns:
        a view, not a copy, and its affine.
    """
    change = ornt_transform(io_orientation(affine), io_orientation(target))
    return apply_orientation(array, change), affine @ inv_ornt_aff(change, array.shape)
