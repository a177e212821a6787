# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Encoders: the paper's plain one, ResNets, and MONAI's registered ones."""

from __future__ import annotations

from .build import build_encoder
from .plain import PlainEncoder
from .registered import RegisteredEncoder
from .resnet import ResNetEncoder, ResNetStages, build_dilated_resnet

__all__ = [
    "PlainEncoder",
    "RegisteredEncoder",
    "ResNetEncoder",
    "ResNetStages",
    "build_dilated_resnet",
    "build_encoder",
]
