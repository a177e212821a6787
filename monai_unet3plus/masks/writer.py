# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The NIfTI file of a label map."""

from __future__ import annotations

import os
from typing import Any

import nibabel as nib
import numpy as np
from monai.config import PathLike
from monai.data import MetaTensor
from monai.utils import ImageMetaKey, convert_to_numpy

from ..utils.files import replacing
from ..utils.image_files import is_nifti
from ..utils.nifti_forms import measure_disagreement

__all__ = ["LABEL_INTENT", "write_label_map"]

LABEL_INTENT = 1002  # NIfTI's code for "values are labels"
_QFORM_VOXELS = 0.1  # ITK takes the qform where the directions of the sform are rounded, and opens no file without

_GRID_FIELDS = ("sform_code", "srow_x", "srow_y", "srow_z", "qform_code", "quatern_b", "quatern_c", "quatern_d") + (
    "qoffset_x",
    "qoffset_y",
    "qoffset_z",
)


def write_label_map(mask: MetaTensor, path: PathLike) -> None:
    """
    Write a label map as NIfTI, whole or not at all, in whole numbers of 8 bit.

    Unlike MONAI's writer it keeps a volume of one slice three-dimensional, writes masks of every orientation, and
    writes a qform only where that can express the affine: a sheared grid, as from a tilted gantry, has an sform only.
    The mask of a NIfTI file has the file's own sform and qform.

    Args:
        mask: label map of shape ``(1, H, W, D)``, values 0 to 255.
        path: file to write. An existing file is replaced in one step when the new one is complete.

    Raises:
        ValueError: When the mask has another shape, such as several channels, or other values, such as probabilities.
    """
    affine = np.asarray(convert_to_numpy(mask.affine), dtype=float)
    image = nib.Nifti1Image(_to_labels(np.asarray(convert_to_numpy(mask))), affine)
    image.header.set_xyzt_units("mm")
    image.header["intent_code"] = LABEL_INTENT  # nobody takes it for a CT, see find_cases
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    if not measure_disagreement(image.header) <= _QFORM_VOXELS:
        image.set_qform(None, code=0)
    _copy_forms(str(mask.meta.get(ImageMetaKey.FILENAME_OR_OBJ, "")), image)
    with replacing(path) as unfinished:
        nib.save(image, unfinished)


def _to_labels(mask: np.ndarray) -> np.ndarray:
    if mask.ndim != 4 or len(mask) != 1:
        raise ValueError(f"Expected a label map of shape (1, H, W, D), but got {mask.shape}.")
    with np.errstate(invalid="ignore"):  # of numbers that do not fit, as NaN
        labels = mask[0].astype(np.uint8, copy=False)
    if mask.dtype != np.uint8 and not np.array_equal(labels, mask[0]):
        raise ValueError(f"Expected whole numbers from 0 to 255 as labels, but got {mask.min():g} to {mask.max():g}.")
    return labels


def _copy_forms(source: str, image: nib.Nifti1Image) -> None:
    """Take over sform and qform, which may differ: programs that go by either see image and mask at one place."""
    if not is_nifti(source) or not os.path.isfile(source):
        return
    header: Any = nib.load(source).header
    if np.allclose(header.get_best_affine(), image.affine, atol=1e-3):
        for field in _GRID_FIELDS:
            image.header[field] = header[field]
        image.header["pixdim"][:4] = header["pixdim"][:4]
