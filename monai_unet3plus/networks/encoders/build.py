# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The encoder of a given backbone name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from monai.networks.nets.flexible_unet import FLEXUNET_BACKBONE
from monai.networks.nets.resnet import resnet_params

from ..blocks.conv import BlockFactory
from .plain import PlainEncoder
from .registered import RegisteredEncoder
from .resnet import ResNetEncoder

__all__ = ["Encoder", "build_encoder"]

Encoder: TypeAlias = "PlainEncoder | ResNetEncoder | RegisteredEncoder"


def build_encoder(backbone: str | None, blocks: BlockFactory, in_channels: int, features: Sequence[int]) -> Encoder:
    """
    An encoder by the name of its backbone.

    Whatever it is, it makes a list of maps, finest first, each half as large as the one before, rounded down. Its
    ``channels`` are those of the maps, and ``reduction`` is the smallest size of an image that it takes.

    Args:
        backbone: None for the paper's plain encoder; a ResNet of MONAI's, ``"resnet10"``, ``"resnet18"``,
            ``"resnet34"``, ``"resnet50"``, ``"resnet101"``, ``"resnet152"``, ``"resnet200"``; or a name that is
            registered in MONAI's ``FLEXUNET_BACKBONE``, such as ``"efficientnet-b0"``.
        blocks: the network's settings. A backbone has an activation, norms and biases of its own.
        in_channels: number of channels of the image.
        features: channels of the levels, finest first.

    Raises:
        ValueError: When no backbone has that name, or ``features`` do not fit it.
    """
    if backbone is None:
        return PlainEncoder(blocks, in_channels, features)
    if backbone in resnet_params:
        return ResNetEncoder(backbone, blocks, in_channels, features)
    if backbone in FLEXUNET_BACKBONE.register_dict:
        return RegisteredEncoder(backbone, blocks, in_channels, features)
    names = dict.fromkeys([*resnet_params, *FLEXUNET_BACKBONE.register_dict])
    raise ValueError(f"Expected argument `backbone` to be None or one of {', '.join(names)}, but got {backbone!r}.")
