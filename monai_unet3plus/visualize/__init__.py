# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of masks, differences, training curves and costs."""

from __future__ import annotations

from .costs import CostPoint, save_costs
from .curves import save_curves, save_training_curves
from .differences import save_differences
from .outlines import save_outlines
from .planes import save_planes

__all__ = [
    "CostPoint",
    "save_costs",
    "save_curves",
    "save_differences",
    "save_outlines",
    "save_planes",
    "save_training_curves",
]
