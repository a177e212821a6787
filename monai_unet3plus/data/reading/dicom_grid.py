# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The even grid of a stack of DICOM frames, compared with the place that each frame states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...utils.errors import InputError
from .dicom_frames import Frame

__all__ = ["fit_grid", "sort_frames", "stack_normal"]

_FARTHEST_MM = 0.25  # from the even grid; positions are often rounded to 0.1 mm
_UNEVEN_SHARE = 0.5  # of the mean step: more than rounding, less than a missing slice
_LEAST_COSINE = 0.5  # between the way from slice to slice and the slices' normal: no gantry tilts as far


def stack_normal(frame: Frame) -> np.ndarray:
    """
    The direction in which slices are counted, ``(3,)``, at right angles to a frame.

    Args:
        frame: has an orientation.
    """
    assert frame.orientation is not None
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return normal / max(float(np.linalg.norm(normal)), 1e-12)


def sort_frames(frames: Sequence[Frame]) -> list[Frame]:
    """
    Put frames into the order in which they lie.

    Args:
        frames: of one orientation, each with its position.
    """
    normal = stack_normal(frames[0])
    return sorted(frames, key=lambda frame: (float(np.dot(np.asarray(frame.position), normal)), frame.number))


def fit_grid(frames: Sequence[Frame], name: str) -> tuple[np.ndarray, list[str]]:
    """
    Find the even grid that frames lie on; that of a tilted gantry is sheared.

    The step from slice to slice is that of the best fit to all positions. Then the first and the last pixel of each
    frame are compared: their places on the grid, and by the frame's own position, orientation and spacing.

    Args:
        frames: a stack in order, see :py:func:`sort_frames`, one frame at each position.
        name: file or folder, for the errors.

    Returns:
        the affine from voxels (column, row, slice) to mm, axes towards the patient's left, back and head, ``(4, 4)``,
        and warnings.

    Raises:
        InputError: When frames have several sizes, no spacing, or lie elsewhere than on an even grid by over 0.25 mm.
    """
    shapes = sorted({frame.shape for frame in frames})
    if len(shapes) > 1:
        sizes = " and ".join(" x ".join(map(str, shape)) for shape in shapes)
        raise InputError(f"{name}: expected slices of one size, but found {sizes} pixels.")
    without = [number for number, frame in enumerate(frames, start=1) if frame.spacing is None]
    if without:
        raise InputError(
            f"{name}: expected Pixel Spacing in each slice, but {len(without)} of {len(frames)} have none, such as "
            f"slice {without[0]}."
        )
    warnings: list[str] = []
    middle = frames[len(frames) // 2]
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = _in_plane(middle)
    positions = np.array([frame.position for frame in frames])
    if len(frames) == 1:
        thickness = frames[0].thickness
        if thickness is None:
            thickness = 1.0
            warnings.append(f"{name}: the only slice states no thickness; taken as 1 mm, volumes in ml may be wrong")
        affine[:3, 2], affine[:3, 3] = thickness * stack_normal(middle), positions[0]
    else:
        numbers = np.arange(len(frames)) - (len(frames) - 1) / 2
        affine[:3, 2] = numbers @ positions / (numbers @ numbers)
        affine[:3, 3] = positions.mean(axis=0) + numbers[0] * affine[:3, 2]
    _compare(frames, affine, name)
    return affine, warnings


def _in_plane(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """The steps from column to column and from row to row."""
    assert frame.orientation is not None and frame.spacing is not None
    return frame.orientation[:3] * frame.spacing[1], frame.orientation[3:] * frame.spacing[0]


def _compare(frames: Sequence[Frame], affine: np.ndarray, name: str) -> None:
    columns, rows = (size - 1 for size in frames[0].shape)
    off = []
    for number, frame in enumerate(frames):
        across, down = _in_plane(frame)
        first = np.asarray(frame.position)
        last = first + columns * across + rows * down
        for pixel, place in (((0, 0, number, 1), first), ((columns, rows, number, 1), last)):
            off.append(float(np.linalg.norm((affine @ pixel)[:3] - place)))
    farthest = int(np.argmax(off))
    normal = stack_normal(frames[0])
    steps = np.diff([float(np.dot(np.asarray(frame.position), normal)) for frame in frames])
    step = affine[:3, 2]
    uneven = len(steps) > 0 and np.abs(steps - steps.mean()).max() > _UNEVEN_SHARE * steps.mean()
    if off[farthest] <= _FARTHEST_MM and not uneven and abs(normal @ step) >= _LEAST_COSINE * np.linalg.norm(step):
        return
    if len(steps) and steps.max() - steps.min() > _FARTHEST_MM:
        raise InputError(
            f"{name}: expected evenly spaced slices, but steps between them are {steps.min():.2f} to "
            f"{steps.max():.2f} mm, the widest after slice {int(steps.argmax()) + 1} of {len(frames)}. "
            "Are files missing?"
        )
    raise InputError(
        f"{name}: expected slices on an even grid, but by its own position, orientation and spacing slice "
        f"{farthest // 2 + 1} of {len(frames)} lies up to {off[farthest]:.1f} mm elsewhere."
    )
