# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The bounding box of masks."""

from __future__ import annotations

import numpy as np
from monai.config.type_definitions import NdarrayOrTensor
from monai.utils import convert_to_numpy

__all__ = ["crop_to_foreground", "find_box"]


def crop_to_foreground(prediction: NdarrayOrTensor, truth: NdarrayOrTensor) -> tuple[np.ndarray, np.ndarray]:
    """
    Cut two masks to the smallest box that holds both: an organ takes up a small part of a CT.

    Args:
        prediction: mask of shape ``(H, W, D)``, 0 is background.
        truth: mask of the same shape.

    Returns:
        two boolean arrays of the box's shape, of size 0 if both masks are empty.

    Raises:
        ValueError: When the masks are not three-dimensional or differ in shape.
    """
    masks = [convert_to_numpy(mask, dtype=bool) for mask in (prediction, truth)]
    if masks[0].ndim != 3 or masks[0].shape != masks[1].shape:
        raise ValueError(f"Expected two masks (H, W, D) of one shape, but got {masks[0].shape} and {masks[1].shape}.")
    box = find_box(*masks)
    return masks[0][box], masks[1][box]


def find_box(*masks: np.ndarray) -> tuple[slice, ...]:
    """
    The smallest box that holds all masks, empty if nothing is in them.

    Args:
        masks: booleans of one shape.
    """
    box, axes = [], range(masks[0].ndim)
    for axis in axes:
        others = tuple(other for other in axes if other != axis)
        occupied = np.flatnonzero(np.any([mask.any(axis=others) for mask in masks], axis=0))
        box.append(slice(occupied[0], occupied[-1] + 1) if len(occupied) else slice(0, 0))
    return tuple(box)
