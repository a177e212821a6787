# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of DICOM frames in Hounsfield units, decoded by GDCM."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ...utils.errors import InputError, last_line
from .dicom_frames import Frame
from .itk_reader import open_reader

__all__ = ["read_pixels"]

_BRIGHTEST = 3071  # Hounsfield units; padding above is no metal
_AIR = -1024


def read_pixels(frames: Sequence[Frame]) -> np.ndarray:
    """
    Read frames, each with its own rescale slope and intercept.

    Args:
        frames: of one size.

    Returns:
        Hounsfield units ``(frames, rows, columns)``, in int16 where rescaling leaves them so, else in float32.

    Raises:
        InputError: When a file can't be decoded, as one that is cut off, or GDCM would decode it wrong.
    """
    columns, rows = frames[0].shape
    pixels = np.empty((len(frames), rows, columns), np.int16)
    numbered = sorted(enumerate(frames), key=lambda item: item[1].file)
    for file, group in groupby(numbered, key=lambda item: item[1].file):
        members = list(group)
        if members[0][1].fault:
            raise InputError(f"{file}: {members[0][1].fault}.")
        planes = _decode(file)
        for place, frame in members:
            plane = _rescale(planes[frame.index], frame)
            if pixels.dtype == np.int16 and not np.can_cast(plane.dtype, np.int16):
                pixels = pixels.astype(np.float32)
            pixels[place] = plane
    return pixels


def _decode(file: str) -> np.ndarray:
    """All frames of a file, ``(frames, rows, columns)``, by the rescale slope and intercept of its first one."""
    import SimpleITK

    reader = open_reader(file, "GDCMImageIO")
    try:
        image = reader.Execute()
    except RuntimeError as e:
        raise InputError(
            f"{file}: expected a DICOM image, but its pixels can't be decoded ({last_line(e)}). Is it cut off?"
        ) from e
    return np.atleast_3d(SimpleITK.GetArrayFromImage(image))


def _rescale(plane: np.ndarray, frame: Frame) -> np.ndarray:
    """
    GDCM rescales all frames by the first one's slope and intercept, and mirrors the numbers of images to be shown in
    negative; undo that. Padding that is brighter than anything in a patient becomes air.
    """
    slope, intercept = frame.applied_rescale or (1.0, 0.0)
    own_slope, own_intercept = frame.rescale or (1.0, 0.0)
    if frame.mirror is not None:
        plane = slope * frame.mirror + 2 * intercept - plane.astype(np.float64)
    if frame.rescale != frame.applied_rescale:
        plane = np.rint((plane.astype(np.float64) - intercept) / slope) * own_slope + own_intercept
    padding = -np.inf if frame.padding is None else own_slope * frame.padding + own_intercept
    return np.where(np.isclose(plane, padding), _AIR, plane) if padding > _BRIGHTEST else plane
