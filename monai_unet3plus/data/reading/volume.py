# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading a volume and its grid from a file: NIfTI, NRRD, MetaImage or a DICOM series."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...utils.errors import InputError
from ...utils.image_files import is_nifti, starts_like_dicom
from ...utils.nifti_forms import measure_disagreement
from .dicom_pixels import read_pixels
from .dicom_series import CTStack, find_ct_stack
from .itk_reader import open_reader
from .stated_grid import find_unit, find_unstated

if TYPE_CHECKING:  # the process that tries files out starts in no time without MONAI
    from monai.config import PathLike

__all__ = ["Volume", "check_affine", "dicom_volume", "itk_volume", "nifti_volume", "read_volume"]

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_AGREE_VOXELS = 0.5
_SMALLEST_MM, _LARGEST_MM = 0.01, 100.0
_NIFTI_UNITS = {1: 1e3, 3: 1e-3}  # xyzt_units of metres and micrometres, in mm


@dataclass
class Volume:
    """
    A volume as it lies in its file. It counts as the path of that file, for readers that know paths only.

    Whole numbers that fit are int16, however the file stores them.

    Args:
        file: its path.
        array: voxels, ``(X, Y, Z)``, or with the further axes that the file has.
        affine: from voxels to mm, axes towards the patient's right, front and head, ``(4, 4)``.
        warnings: sentences about the file that a user should see.
        unstated: which of "orientation" and "spacing" the file does not state; one of the warnings names them.
        single_use: whether :py:meth:`take` gives the voxels away, so that their memory is free when who took them is
            done with them.
        state: of its files before they were read, see :py:func:`monai_unet3plus.utils.image_files.image_state`;
            None if nobody asked for it.
    """

    file: str
    array: Any
    affine: np.ndarray
    warnings: list[str] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)
    single_use: bool = False
    state: dict[str, Any] | None = None

    def take(self) -> np.ndarray:
        """
        The voxels.

        Raises:
            RuntimeError: When they were for a single use and are taken a second time.
        """
        array = self.array
        if array is None:
            raise RuntimeError(f"{self.file}: expected to be loaded once, but its voxels were taken before.")
        if self.single_use:
            self.array = None
        return array

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

    Raises:
        InputError: When it is not finite or not invertible, or voxels are smaller than 0.01 mm or larger than 100 mm.
    """
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-9:
        raise InputError(f"{file}: expected an invertible affine, but found {affine.tolist()}.")
    if not _is_patient_sized(affine):
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        raise InputError(
            f"{file}: expected voxels of {_SMALLEST_MM:g} to {_LARGEST_MM:g} mm, but found "
            f"{' x '.join(f'{size:g}' for size in spacing)}."
        )


def nifti_volume(file: str, image: Any, voxels: np.ndarray | None = None) -> Volume:
    """
    The volume in a NIfTI file.

    Args:
        image: as nibabel has opened it.
        voxels: the numbers in the file, if they were read. Defaults to None.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`.
    """
    header, proxy = image.header, image.dataobj
    _check_header(image, file)
    if (proxy.slope, proxy.inter) == (1, 0):
        array = np.asarray(proxy) if voxels is None else voxels
    else:  # scaled values are float64 for nibabel, in twice the memory
        array = np.asarray(proxy, dtype=np.float32)
    unit = _NIFTI_UNITS.get(int(header["xyzt_units"]) & 7, 1.0)
    affine, warnings = _to_mm(np.asarray(header.get_best_affine(), dtype=float), unit, file)
    unstated = ["spacing"] if warnings else []
    if header["sform_code"] == 0 and header["qform_code"] == 0:
        unstated.insert(0, "orientation")
        warnings.append(f"{file}: neither sform nor qform say how it lies in the patient; taken as LAS")
    elif header["sform_code"] > 0 and header["qform_code"] > 0:
        apart = measure_disagreement(header)
        if np.isinf(apart):
            warnings.append(f"{file}: the qform is not usable; the sform counts")
        elif not apart <= _AGREE_VOXELS:
            warnings.append(f"{file}: sform and qform are up to {apart:.1f} voxels apart; the sform counts")
    check_affine(affine, file)
    return Volume(file, _narrow(array), affine, warnings, unstated)


def _check_header(image: Any, file: str) -> None:
    """Refuse voxels that begin within the header, and voxel sizes of 0, which nibabel replaces by 1."""
    header = image.header
    if header.is_single and image.dataobj.offset < header.single_vox_offset:
        raise InputError(
            f"{file}: expected voxels from byte {header.single_vox_offset} on, but its header (vox_offset) says "
            f"{image.dataobj.offset}."
        )
    if header["sform_code"] > 0:
        return
    with image.file_map["image" if header.is_single else "header"].get_prepare_fileobj("rb") as opened:
        sizes = type(header).from_fileobj(opened, check=False)["pixdim"][1:4]
    if not (np.isfinite(sizes).all() and sizes.all()):
        raise InputError(
            f"{file}: expected voxel sizes (pixdim), but found {' x '.join(f'{size:g}' for size in sizes)}."
        )


def _to_mm(affine: np.ndarray, unit: float, file: str) -> tuple[np.ndarray, list[str]]:
    """An affine in mm. Where voxels of a patient's size are found in mm only, the unit is taken as an error."""
    scaled = affine.copy()
    scaled[:3] *= unit
    if unit == 1 or _is_patient_sized(scaled) or not _is_patient_sized(affine):
        return scaled, []
    return affine, [f"{file}: states a unit of {unit:g} mm, but such voxels do not fit a patient; taken as mm"]


def _is_patient_sized(affine: np.ndarray) -> bool:
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    return bool(spacing.min() >= _SMALLEST_MM and spacing.max() <= _LARGEST_MM)


def dicom_volume(path: str, stack: CTStack) -> Volume:
    """
    The volume of a DICOM series.

    Raises:
        InputError: When the grid is not usable, see :py:func:`check_affine`, or pixels can't be read.
    """
    affine = _LPS_TO_RAS @ stack.affine
    check_affine(affine, path)
    return Volume(path, _narrow(read_pixels(stack.frames).T), affine, stack.warnings, stack.unstated)


def itk_volume(file: str, image: Any) -> Volume:
    """
    The volume in a NRRD or MetaImage file.

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
    affine, warnings = _to_mm(_LPS_TO_RAS @ affine, find_unit(file), file)
    check_affine(affine, file)
    unstated = find_unstated(file)
    if unstated:
        spacing = " x ".join(f"{size:g}" for size in np.linalg.norm(affine[:3, :3], axis=0))
        codes = "".join(aff2axcodes(affine))
        warnings.append(f"{file}: states no {' and no '.join(unstated)}; taken as {codes} with voxels of {spacing} mm")
    if warnings and not unstated:
        unstated = ["spacing"]
    return Volume(file, _narrow(SimpleITK.GetArrayFromImage(image).T), affine, warnings, unstated)


def _narrow(array: np.ndarray) -> np.ndarray:
    """The numbers in this machine's byte order, as int16 if they are whole and fit: float64 takes four times that."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind not in "fiu" or array.dtype.itemsize == 1 or array.dtype == np.int16 or array.ndim == 0:
        return array
    slowest = int(np.argmax(np.abs(array.strides)))
    planes = np.moveaxis(array, slowest, 0)
    narrow = np.empty_like(planes, dtype=np.int16)
    for plane, target in zip(planes, narrow):
        with np.errstate(invalid="ignore"):  # of numbers that do not fit, as NaN
            target[...] = plane
        if not np.array_equal(target, plane):
            return array
    return np.moveaxis(narrow, 0, slowest)
