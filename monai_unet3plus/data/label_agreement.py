# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Doubts about label maps that nobody checked: volume, connected parts, and agreement with a network's mask."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from ..metrics.volume import dice

__all__ = ["find_label_doubts"]

_LEAST_SHARE = 0.95  # of the label in its largest connected part


def find_label_doubts(
    label: np.ndarray,
    prediction: np.ndarray,
    spacing: Sequence[float] | None = None,
    least_dice: float = 0.8,
    volume_range_ml: Sequence[float] | None = None,
) -> list[str]:
    """
    Say why the label of one organ may be wrong.

    A label that a network made, or that comes from an unknown hand, teaches its errors. A network that has not learned
    from it, for instance that of a fold, disagrees where either is wrong; labels in doubt are better not used.

    Args:
        label: mask of the organ, ``(H, W, D)``, 0 is background.
        prediction: mask of the same organ by a network that has not seen ``label``, of the same shape.
        spacing: size of a voxel along each axis in mm. Defaults to None, unknown: the volume is not judged.
        least_dice: smallest Dice between both, 0 to 1. Defaults to 0.8.
        volume_range_ml: smallest and largest volume in ml. Defaults to None, any.

    Returns:
        the doubts in words; empty if there is none.

    Raises:
        ValueError: When the masks differ in shape or are not three-dimensional.
    """
    if label.shape != prediction.shape or label.ndim != 3:
        raise ValueError(f"Expected two masks (H, W, D) of one shape, but got {label.shape} and {prediction.shape}.")
    mask = np.asarray(label, dtype=bool)
    if not mask.any():
        return ["nothing is labelled"]
    doubts = []
    agreement = dice(np.asarray(prediction, dtype=bool), mask)
    if agreement < least_dice:
        doubts.append(f"Dice with the network's mask is {agreement:.3f}, below {least_dice:g}")
    parts, _ = ndimage.label(mask)
    share = float(np.bincount(parts.ravel())[1:].max() / mask.sum())
    if share < _LEAST_SHARE:
        doubts.append(f"the largest part has {share:.0%} of the label, less than {_LEAST_SHARE:.0%}")
    if spacing is not None and volume_range_ml is not None:
        volume, (low, high) = float(mask.sum()) * math.prod(spacing) / 1000, volume_range_ml
        if not low <= volume <= high:
            doubts.append(f"{volume:.0f} ml, outside {low:g} to {high:g} ml")
    return doubts
