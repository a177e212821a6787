# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading a volume and its grid from a file: NIfTI, NRRD, MetaImage or a DICOM series."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...utils.errors import InputError
from ...utils.image_files import is_nifti
from .dicom_frames import starts_like_dicom
from .dicom_pixels import read_pixels
from .dicom_series import CTStack, find_ct_stack
from .itk_reader import open_reader
from .stated_grid import find_unstated

if TYPE_CHECKING:  # the process that tries files out starts in no time without MONAI
    from monai.config import PathLike

__all__ = ["Volume", "check_affine", "dicom_volume", "itk_volume", "nifti_volume", "read_volume"]

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_AGREE_VOXELS = 0.5
_SMALLEST_MM, _LARGEST_MM = 0.01, 100.0


@dataclass
class Volume:
    """
    A volume as it lies in its file. It counts as the path of that file, for readers that know paths only.

    Args:
        file: its path.
        array: voxels, ``(X, Y, Z)``, or with the further axes that the file has.
        affine: from voxels to mm, axes towards the patient's right, front and head, ``(4, 4)``.
        warnings: sentences about the file that a user should see.
        unstated: which of "orientation" and "spacing" the file does not state; one of the warnings names them.
    """

    file: str
    array: np.ndarray
    affine: np.ndarray
    warnings: list[str] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)

    def __fspath__(self) -> str:
        return self.file


def read_volume(path: PathLike) -> Volume:
    """
    Read a volume.

    The grid of a NIfTI file is nibabel's: the sform counts before the qform. MONAI's reader replaces it where the voxel
    sizes in the header (pixdim) are rounded otherwise than in the sform, even by a qform whose code says that there is
    none.

    Args:
        path: a file, or the folder of a DICOM series.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`, or a DICOM series is refused.
    """
    name = os.fspath(path)
    if not os.path.isdir(name) and is_nifti(name):
        import nibabel as nib

        return nifti_volume(name, nib.load(name))
    if os.path.isdir(name) or starts_like_dicom(name):
        return dicom_volume(name, find_ct_stack(name))
    return itk_volume(name, open_reader(name).Execute())


def check_affine(affine: np.ndarray, file: str) -> None:
    """
    Refuse an affine that no scan has.

    Args:
        affine: from voxels to mm, ``(4, 4)``.
        file: name for the message.

    Raises:
        InputError: When it is not finite or not invertible, or voxels are smaller than 0.01 mm or larger than 100 mm.
    """
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:
        raise InputError(f"{file}: expected an invertible affine, but found {affine.tolist()}.")
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing.min() < _SMALLEST_MM or spacing.max() > _LARGEST_MM:
        raise InputError(
            f"{file}: expected voxels of {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm, but found "
            f"{' x '.join(f'{size:g}' for size in spacing)}."
        )


def nifti_volume(file: str, image: Any, voxels: np.ndarray | None = None) -> Volume:
    """
    The volume in a NIfTI file.

    Args:
        file: its path.
        image: as nibabel has opened it.
        voxels: the numbers in the file, if they were read. Defaults to None.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`.
    """
    header, proxy = image.header, image.dataobj
    if (proxy.slope, proxy.inter) == (1, 0):
        array = np.asarray(proxy) if voxels is None else voxels
    else:  # scaled values are float64 for nibabel, in twice the memory
        array = np.asarray(proxy, dtype=np.float32)
    affine, warnings, unstated = np.asarray(header.get_best_affine(), dtype=float), [], []
    if header["sform_code"] == 0 and header["qform_code"] == 0:
        unstated.append("orientation")
        warnings.append(f"{file}: neither sform nor qform say how it lies in the patient; taken as LAS")
    elif header["sform_code"] > 0 and header["qform_code"] > 0:
        apart = _measure_disagreement(header, affine)
        if not apart <= _AGREE_VOXELS:
            warnings.append(f"{file}: sform and qform are up to {apart:.1f} voxels apart; the sform counts")
    check_affine(affine, file)
    return Volume(file, array.astype(array.dtype.newbyteorder("="), copy=False), affine, warnings, unstated)


def _measure_disagreement(header: Any, sform: np.ndarray) -> float:
    """The largest distance in voxels between a corner by the qform and by the sform; infinite without a qform."""
    import nibabel as nib

    corners = np.array(list(itertools.product(*((0, size - 1) for size in header.get_data_shape()[:3]), (1,)))).T
    try:
        moved = np.linalg.inv(sform) @ header.get_qform() @ corners - corners
    except (ValueError, nib.spatialimages.HeaderDataError, np.linalg.LinAlgError):
        return np.inf
    return float(np.abs(moved).max())


def dicom_volume(path: str, stack: CTStack) -> Volume:
    """
    The volume of a DICOM series.

    Args:
        path: the file or folder.
        stack: its slices.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`, or pixels can't be read.
    """
    affine = _LPS_TO_RAS @ stack.affine
    check_affine(affine, path)
    return Volume(path, read_pixels(stack.frames).T, affine, stack.warnings, stack.unstated)


def itk_volume(file: str, image: Any) -> Volume:
    """
    The volume in a NRRD or MetaImage file.

    Args:
        file: its path.
        image: as SimpleITK has read it.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`.
    """
    import SimpleITK
    from nibabel.orientations import aff2axcodes

    dimensions = image.GetDimension()
    affine = np.eye(4)
    axes = min(dimensions, 3)
    direction = np.reshape(image.GetDirection(), (dimensions, dimensions))
    affine[:axes, :axes] = (direction * image.GetSpacing())[:axes, :axes]
    affine[:axes, 3] = image.GetOrigin()[:axes]
    affine = _LPS_TO_RAS @ affine
    check_affine(affine, file)
    unstated, warnings = find_unstated(file), []
    if unstated:
        spacing = " x ".join(f"{size:g}" for size in np.linalg.norm(affine[:3, :3], axis=0))
        codes = "".join(aff2axcodes(affine))
        warnings.append(f"{file}: states no {' and no '.join(unstated)}; taken as {codes} with voxels of {spacing} mm")
    return Volume(file, SimpleITK.GetArrayFromImage(image).T, affine, warnings, unstated)
