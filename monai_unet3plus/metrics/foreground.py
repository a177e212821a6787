# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The bounding box of two masks."""

from __future__ import annotations

import numpy as np
from monai.config.type_definitions import NdarrayOrTensor
from monai.utils import convert_to_numpy

__all__ = ["crop_to_foreground"]


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
    box = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        occupied = np.flatnonzero(masks[0].any(axis=others) | masks[1].any(axis=others))
        box.append(slice(occupied[0], occupied[-1] + 1) if len(occupied) else slice(0))
    return masks[0][tuple(box)], masks[1][tuple(box)]
