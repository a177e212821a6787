# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks: UNet 3+ and those that the paper compares it with."""

from __future__ import annotations

from .authors_unet import AuthorsUNet
from .authors_unetplusplus import AuthorsUNetPlusPlus
from .batch_norm_attention_unet import BatchNormAttentionUnet
from .deeplabv2 import DeepLabV2
from .deeplabv3 import DeepLabV3, DeepLabV3Plus
from .pspnet import PSPNet
from .unet3plus import UNet3Plus

__all__ = [
    "AuthorsUNet",
    "AuthorsUNetPlusPlus",
    "BatchNormAttentionUnet",
    "DeepLabV2",
    "DeepLabV3",
    "DeepLabV3Plus",
    "PSPNet",
    "UNet3Plus",
]
