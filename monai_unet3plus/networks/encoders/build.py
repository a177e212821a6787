# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The encoder of a given backbone name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from monai.networks.nets.flexible_unet import FLEXUNET_BACKBONE
from monai.networks.nets.resnet import resnet_params

from .plain import PlainEncoder
from .registered import RegisteredEncoder
from .resnet import ResNetEncoder

__all__ = ["Encoder", "build_encoder"]

Encoder: TypeAlias = "PlainEncoder | ResNetEncoder | RegisteredEncoder"


def build_encoder(
    backbone: str | None,
    spatial_dims: int,
    in_channels: int,
    features: Sequence[int],
    act: str | tuple = ("relu", {"inplace": True}),
    norm: str | tuple = "batch",
    bias: bool = True,
    dropout: float | tuple = 0.0,
    use_checkpoint: bool = False,
) -> Encoder:
    """
    An encoder by the name of its backbone.

    Whatever it is, it makes a list of maps, finest first, each half as large as the one before, rounded down. Its
    ``channels`` are those of the maps, and ``reduction`` is the smallest size of an image that it takes.

    Args:
        backbone: None for the paper's plain encoder; a ResNet of MONAI's, ``"resnet10"``, ``"resnet18"``,
            ``"resnet34"``, ``"resnet50"``, ``"resnet101"``, ``"resnet152"``, ``"resnet200"``; or a name that is
            registered in MONAI's ``FLEXUNET_BACKBONE``, such as ``"efficientnet-b0"``.
        spatial_dims: number of spatial dimensions.
        in_channels: number of channels of the image.
        features: channels of the levels, finest first.
        act: activation type and arguments. A backbone has its own.
        norm: feature normalization type and arguments. A backbone has its own.
        bias: whether the convolution blocks have a bias. A backbone has its own.
        dropout: dropout ratio in the convolution blocks. A backbone has its own.
        use_checkpoint: whether training computes the activations again instead of keeping them.

    Raises:
        ValueError: When no backbone has that name, or ``features`` do not fit it.
    """
    arguments = (spatial_dims, in_channels, features, act, norm, bias, dropout, use_checkpoint)
    if backbone is None:
        return PlainEncoder(*arguments)
    if backbone in resnet_params:
        return ResNetEncoder(backbone, *arguments)
    if backbone in FLEXUNET_BACKBONE.register_dict:
        return RegisteredEncoder(backbone, *arguments)
    names = dict.fromkeys([*resnet_params, *FLEXUNET_BACKBONE.register_dict])
    raise ValueError(f"Expected argument `backbone` to be None or one of {', '.join(names)}, but got {backbone!r}.")
