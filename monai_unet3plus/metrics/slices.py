# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Metrics of organ-free slices: over-segmentation and accuracy of the presence classifier."""

from __future__ import annotations

import numpy as np
from monai.config.type_definitions import NdarrayOrTensor
from monai.utils import convert_to_numpy

__all__ = ["over_segmentation", "presence_accuracy"]


def over_segmentation(prediction: NdarrayOrTensor, truth: NdarrayOrTensor) -> float:
    """
    Share of organ-free slices in which the organ is found: the errors that the classification-guided module prevents
    (paper section 2.4).

    Args:
        prediction: mask of shape ``(H, W, D)``, the last axis along head and feet, 0 is background.
        truth: mask of the same shape.

    Returns:
        share of the slices without a true voxel that have any predicted one, 0 to 1; NaN if no slice is organ-free.
    """
    organ_free = ~_occupied(truth)
    return float(_occupied(prediction)[organ_free].mean()) if organ_free.any() else float("nan")


def presence_accuracy(margins: NdarrayOrTensor, truth: NdarrayOrTensor) -> float:
    """
    How often the classifier is right about whether a slice holds the organ. No mask is looked at but the true one.

    Args:
        margins: "present" minus "absent" logit of each slice, ``(D,)``; positive is the verdict "present".
        truth: mask of shape ``(H, W, D)``, the last axis along head and feet, 0 is background.

    Returns:
        share of slices, 0 to 1.

    Raises:
        ValueError: When there is not one margin per slice.
    """
    verdicts, present = convert_to_numpy(margins) > 0, _occupied(truth)
    if verdicts.shape != present.shape:
        raise ValueError(f"Expected {len(present)} presence margins, one per slice, but got {verdicts.shape}.")
    return float((verdicts == present).mean())


def _occupied(mask: NdarrayOrTensor) -> np.ndarray:
    return np.asarray(convert_to_numpy(mask, dtype=bool).any(axis=(0, 1)))
