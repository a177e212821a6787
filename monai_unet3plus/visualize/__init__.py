# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of masks, differences, training curves and costs."""

from __future__ import annotations

from .costs import save_costs
from .curves import save_curves
from .differences import save_differences
from .outlines import save_outlines
from .planes import save_planes

__all__ = ["save_costs", "save_curves", "save_differences", "save_outlines", "save_planes"]
