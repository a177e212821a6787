# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses: the paper's hybrid loss, its parts, and a wrapper for partly annotated cases."""

from __future__ import annotations

from .annotated import AnnotatedLoss
from .ms_ssim import MultiScaleSSIMLoss
from .unet3plus import UNet3PlusLoss

__all__ = ["AnnotatedLoss", "MultiScaleSSIMLoss", "UNet3PlusLoss"]
