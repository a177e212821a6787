# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Building blocks of the networks."""

from __future__ import annotations

from .conv import BlockFactory, Conv3x3, OutputConv3x3
from .convolve import convolve
from .full_scale import FullScaleBranch, FullScaleNode
from .image_format import ImageFormat
from .plain import has_hooks, is_plain
from .presence import ABSENT_LOGIT, PresenceHead, gate_logits, is_present
from .upsampled_conv import resize_logits, resize_to, upsampled_conv
from .upward import UpwardNode
from .winograd import winograd_conv, winograd_pays

__all__ = [
    "ABSENT_LOGIT",
    "BlockFactory",
    "Conv3x3",
    "FullScaleBranch",
    "FullScaleNode",
    "ImageFormat",
    "OutputConv3x3",
    "PresenceHead",
    "UpwardNode",
    "convolve",
    "gate_logits",
    "has_hooks",
    "is_plain",
    "is_present",
    "resize_logits",
    "resize_to",
    "upsampled_conv",
    "winograd_conv",
    "winograd_pays",
]
