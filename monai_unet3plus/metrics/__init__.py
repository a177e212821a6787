# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Metrics of segmentation in mm and ml, per case and organ, and their summary."""

from __future__ import annotations

from .organ_scores import organ_scores
from .slices import over_segmentation, presence_accuracy
from .summary import summarize
from .surface import hausdorff_distance_95, surface_dice
from .volume import dice, volume_error

__all__ = [
    "dice",
    "hausdorff_distance_95",
    "organ_scores",
    "over_segmentation",
    "presence_accuracy",
    "summarize",
    "surface_dice",
    "volume_error",
]
