# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The CT series to read in a DICOM folder."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from ...utils.errors import InputError

if TYPE_CHECKING:  # the process that tries files out starts in no time without MONAI
    from monai.config import PathLike

__all__ = ["ct_series", "read_series"]

logger = logging.getLogger(__name__)

_MODALITY = "0008|0060"
_UNEVEN_MM = 0.1  # beyond how scanners round positions


def ct_series(folder: PathLike) -> list[str]:
    """
    The files of the series to read in a folder: the CT series with the most slices, with a warning if there are others.

    Scanners put an overview, several reconstructions and a dose report beside each other. A folder of a single series
    has that one, whatever it says it is.

    Args:
        folder: folder with DICOM files.

    Returns:
        paths, in the order in which slices lie.

    Raises:
        InputError: When the folder holds no series, or several of which none is CT.
    """
    import SimpleITK  # here, since it takes 90 MiB, which who reads no DICOM can do without

    reader = SimpleITK.ImageSeriesReader
    series = {uid: reader.GetGDCMSeriesFileNames(str(folder), uid) for uid in reader.GetGDCMSeriesIDs(str(folder))}
    if not series:
        raise InputError(f"{folder}: expected a DICOM series, but found none.")
    if len(series) == 1:
        return list(*series.values())
    kinds = {uid: _modality(names[0]) for uid, names in series.items()}
    scans = sorted((uid for uid in series if kinds[uid] == "CT"), key=lambda uid: (-len(series[uid]), uid))
    if not scans:
        raise InputError(f"{folder}: expected a CT series, but found {len(series)} of {sorted(set(kinds.values()))}.")
    taken = scans[0]
    others = ", ".join(f"{kinds[uid]} {uid} ({len(series[uid])} slices)" for uid in sorted(series) if uid != taken)
    logger.warning(
        "%s: %d DICOM series; taken is the CT with most slices, %s (%d slices), and not %s",
        folder,
        len(series),
        taken,
        len(series[taken]),
        others,
    )
    return list(series[taken])


def _modality(file: str) -> str:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(file)
    reader.ReadImageInformation()
    return reader.GetMetaData(_MODALITY).strip() if reader.HasMetaDataKey(_MODALITY) else "no modality"


def read_series(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """
    Read the CT series of a folder, see :py:func:`ct_series`.

    Args:
        folder: folder with DICOM files.

    Returns:
        voxels ``(X, Y, Z)`` and their affine, towards the patient's right, front and head.

    Raises:
        InputError: When there is no CT series, or its slices are not evenly spaced.
    """
    import SimpleITK

    names = ct_series(folder)
    _check_steps(folder, names)
    image = SimpleITK.ReadImage(names)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image).T, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _check_steps(folder: str, names: list[str]) -> None:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    places = []
    for name in names:
        reader.SetFileName(name)
        reader.ReadImageInformation()
        places.append(float(np.dot(reader.GetOrigin(), np.reshape(reader.GetDirection(), (3, 3))[:, 2])))
    steps = np.diff(np.sort(places))
    if len(steps) and steps.max() - steps.min() > _UNEVEN_MM:
        widest = int(steps.argmax())
        raise InputError(
            f"{folder}: expected evenly spaced slices, but steps between them are {steps.min():.2f} to "
            f"{steps.max():.2f} mm, the widest after slice {widest + 1} of {len(places)}. Are files missing?"
        )
