# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""All scores of one organ in one case."""

from __future__ import annotations

from collections.abc import Sequence

from monai.config.type_definitions import NdarrayOrTensor
from monai.utils import convert_to_numpy

from .slices import over_segmentation, presence_accuracy
from .surface import hausdorff_distance_95, surface_dice
from .volume import dice, mask_volume, volume_error

__all__ = ["organ_scores", "score_names"]


def score_names(tolerance_mm: float) -> list[str]:
    """
    Names of the scores of :py:func:`organ_scores`, with units.

    Args:
        tolerance_mm: of the surface Dice.
    """
    return [
        "dice",
        "hausdorff_distance_95_mm",
        f"surface_dice_{tolerance_mm:g}mm",
        "volume_error_ml",
        "over_segmentation",
        "organ_free_slices",
        "slices",
        "presence_accuracy",
        "truth_ml",
        "prediction_ml",
    ]


def organ_scores(
    prediction: NdarrayOrTensor,
    truth: NdarrayOrTensor,
    spacing: Sequence[float],
    margins: NdarrayOrTensor | None = None,
    tolerance_mm: float = 2.0,
) -> dict[str, float | None]:
    """
    Compare the masks of one organ in one volume by every metric of this package.

    Args:
        prediction: mask of shape ``(H, W, D)``, the last axis along head and feet, 0 is background.
        truth: mask of the same shape.
        spacing: size of a voxel along each axis in mm.
        margins: "present" minus "absent" logit of each slice, ``(D,)``. Defaults to None, no classifier.
        tolerance_mm: of the surface Dice. Defaults to 2 mm.

    Returns:
        metric by name, see :py:func:`score_names`; NaN where it is not defined, None where it was not measured.

    Raises:
        ValueError: When the masks are not three-dimensional or differ in shape, or there is not one margin per slice.
    """
    a, b = (convert_to_numpy(mask, dtype=bool) for mask in (prediction, truth))
    values = [
        dice(a, b),
        hausdorff_distance_95(a, b, spacing),
        surface_dice(a, b, spacing, tolerance_mm),
        volume_error(a, b, spacing),
        over_segmentation(a, b),
        float((~b.any(axis=(0, 1))).sum()),
        float(b.shape[2]),
        None if margins is None else presence_accuracy(margins, b),
        mask_volume(b, spacing),
        mask_volume(a, spacing),
    ]
    return dict(zip(score_names(tolerance_mm), values))
