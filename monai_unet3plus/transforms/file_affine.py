# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The affine of a NIfTI file, read as nibabel does."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Hashable, Mapping
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from monai.utils import MetaKeys, TransformBackends

from ..utils.errors import InputError
from .checks import file_of

__all__ = ["FileAffined"]

logger = logging.getLogger(__name__)

_AGREE_VOXELS = 0.5
_SMALLEST_MM, _LARGEST_MM = 0.01, 100.0


class FileAffined(MapTransform):
    """
    Give an image the affine that its NIfTI file has. To be used right after the file is loaded.

    MONAI's reader replaces the affine where voxel sizes in the header (pixdim) are rounded otherwise than in the
    sform, even by a qform whose code says that there is none, which turns and moves the image. As nibabel has it, the
    sform counts before the qform; a warning tells where they disagree by over half a voxel, or where there is neither.
    Files of other formats are only checked.

    Args:
        keys: keys of loaded images, MetaTensors.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        """
        Raises:
            InputError: When the affine is not finite or not invertible, or its voxels are of no patient's size.
        """
        d = dict(data)
        for key in self.key_iterator(d):
            img = d[key]
            if not isinstance(img, MetaTensor):
                continue
            affine, file = np.asarray(img.affine, dtype=float), file_of(img)
            if file.lower().endswith((".nii", ".nii.gz")):
                header: Any = nib.load(file).header
                affine = header.get_best_affine()
                if header["sform_code"] == 0 and header["qform_code"] == 0:
                    logger.warning("%s: neither sform nor qform say how it lies in the patient; taken as LAS", file)
                elif header["sform_code"] > 0 and header["qform_code"] > 0:
                    apart = _voxels_apart(header, affine)
                    if not apart <= _AGREE_VOXELS:
                        logger.warning("%s: sform and qform are up to %.1f voxels apart; the sform counts", file, apart)
            if not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:
                raise InputError(f"{file}: expected an invertible affine, but found {affine.tolist()}.")
            spacing = np.linalg.norm(affine[:3, :3], axis=0)
            if spacing.min() < _SMALLEST_MM or spacing.max() > _LARGEST_MM:
                raise InputError(
                    f"{file}: expected voxels of {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm, but found "
                    f"{' x '.join(f'{size:g}' for size in spacing)}."
                )
            img.affine = torch.from_numpy(affine)
            img.meta[MetaKeys.ORIGINAL_AFFINE] = affine
        return d


def _voxels_apart(header: Any, sform: np.ndarray) -> float:
    """How far the qform puts a corner of the image from where the sform does; infinite if it can't be made out."""
    corners = np.array(list(itertools.product(*((0, size - 1) for size in header.get_data_shape()[:3]), (1,)))).T
    try:
        moved = np.linalg.inv(sform) @ header.get_qform() @ corners - corners
    except (ValueError, nib.spatialimages.HeaderDataError, np.linalg.LinAlgError):
        return np.inf
    return float(np.abs(moved).max())
