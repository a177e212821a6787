# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The pixels of DICOM frames in Hounsfield units, decoded by GDCM."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ...utils.errors import InputError, last_line
from .dicom_frames import Frame

__all__ = ["read_pixels"]


def read_pixels(frames: Sequence[Frame]) -> np.ndarray:
    """
    Read frames, each with its own rescale slope and intercept.

    Args:
        frames: of one size.

    Returns:
        Hounsfield units ``(frames, rows, columns)`` in float32.

    Raises:
        InputError: When a file can't be decoded, as one that is cut off.
    """
    columns, rows = frames[0].shape
    pixels = np.empty((len(frames), rows, columns), np.float32)
    numbered = sorted(enumerate(frames), key=lambda item: item[1].file)
    for file, group in groupby(numbered, key=lambda item: item[1].file):
        planes = _decode(file)
        for place, frame in group:
            pixels[place] = _rescale(planes[frame.index], frame)
    return pixels


def _decode(file: str) -> np.ndarray:
    """All frames of a file, ``(frames, rows, columns)``, by the rescale slope and intercept of its first one."""
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(file)
    try:
        image = reader.Execute()
    except RuntimeError as e:
        raise InputError(
            f"{file}: expected a DICOM image, but its pixels can't be decoded ({last_line(e)}). Is it cut off?"
        ) from e
    return np.atleast_3d(SimpleITK.GetArrayFromImage(image))


def _rescale(plane: np.ndarray, frame: Frame) -> np.ndarray:
    """GDCM rescales all frames by the first one's slope and intercept; undo that where the frame has others."""
    if frame.rescale == frame.applied_rescale:
        return plane
    slope, intercept = frame.applied_rescale or (1.0, 0.0)
    own_slope, own_intercept = frame.rescale or (1.0, 0.0)
    return np.rint((plane.astype(np.float64) - intercept) / slope) * own_slope + own_intercept
