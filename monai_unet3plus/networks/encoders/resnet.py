# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""ResNet encoders."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.nets.resnet import ResNet, ResNetBlock, ResNetBottleneck, resnet_params

from ..blocks.checkpointing import checkpointed
from ..blocks.conv import BlockFactory
from .plain import PlainEncoder
from .sizes import cropped_to_levels


class ResNetStages(nn.Module):
    """
    The stem and the first layers of MONAI's ``ResNet``, built so that torchvision's weights fit.

    Args:
        name: which ResNet, ``"resnet10"`` to ``"resnet200"``.
        channels: channels of the map after each layer, as many layers as wanted up to four. A ResNet's own are
            64, 128, 256, 512, from ResNet-50 on four times that.
        spatial_dims: number of spatial dimensions.
        in_channels: number of channels of the image.
        use_checkpoint: whether training computes the activations again instead of keeping them. Defaults to False.

    Raises:
        ValueError: When there are no or more than four ``channels``, or they can't be those of this ResNet.
    """

    def __init__(
        self, name: str, channels: Sequence[int], spatial_dims: int, in_channels: int, use_checkpoint: bool = False
    ) -> None:
        super().__init__()
        self.use_checkpoint = use_checkpoint
        block, depths, *_ = resnet_params[name]
        expansion = ResNetBlock.expansion if block == "basic" else ResNetBottleneck.expansion
        count = len(channels)
        if not 1 <= count <= len(depths) or min(channels) < 1 or any(width % expansion for width in channels):
            raise ValueError(
                f"Expected 1 to {len(depths)} channels for the layers of {name}, each a positive multiple of "
                f"{expansion}, but got {tuple(channels)}."
            )
        # MONAI builds four layers; those not wanted are kept small until they are dropped
        left_out = [1] * (len(depths) - count)
        resnet = ResNet(
            block,
            [*depths[:count], *left_out],
            [*(width // expansion for width in channels), *left_out],
            spatial_dims,
            in_channels,
            conv1_t_stride=2,
            feed_forward=False,
            bias_downsample=False,
        )
        self.stem = nn.Sequential(resnet.conv1, resnet.bn1, resnet.act, resnet.maxpool)
        self.layers = nn.ModuleList([resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4][:count])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            the map after each layer, at 1/4, 1/8, 1/16 and 1/32 of the size, rounded up.
        """
        x = self.stem(x)
        maps: list[torch.Tensor] = []
        for layer in self.layers:
            if torch.jit.is_scripting() or not (self.use_checkpoint and self.training):
                x = layer(x)
            else:
                x = checkpointed(layer, layer, x)
            maps.append(x)
        return maps


class ResNetEncoder(nn.Module):
    """
    A ResNet below two levels of the plain encoder, which a ResNet lacks: at 1/1 and at 1/2 of the size.

    The ResNet reads the image too, parallel to these two, and its layers are the levels from 1/4 on. So no map has to
    be invented between them, and pretrained weights fit. The ResNet has batch norm and ReLU, whatever the other
    arguments say.

    Args:
        name: which ResNet, ``"resnet10"`` to ``"resnet200"``.
        blocks: the settings of the first two levels.
        in_channels: number of channels of the image.
        features: channels of each level, finest first, three to six of them. From the third on they are those of the
            ResNet's layers: its own widths are ``(256, 512, 1024)``, of ResNet-34 and smaller ones ``(64, 128, 256)``.

    Raises:
        ValueError: When ``features`` can't be those of this ResNet.
    """

    def __init__(self, name: str, blocks: BlockFactory, in_channels: int, features: Sequence[int]) -> None:
        super().__init__()
        try:
            self.resnet = ResNetStages(name, features[2:], blocks.spatial_dims, in_channels, blocks.use_checkpoint)
        except ValueError as e:
            raise ValueError(f"Expected argument `features` to fit backbone {name!r} from the third on. {e}") from e
        self.fine = PlainEncoder(blocks, in_channels, features[:2])
        self.channels = list(features)
        self.reduction = 2 ** (len(features) - 1)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            one map per level, finest first: ``(B, features[k], H // 2**k, W // 2**k[, D // 2**k])``.
        """
        return self.fine(x) + cropped_to_levels(self.resnet(x), 2, list(x.shape[2:]))


def build_dilated_resnet(
    name: str, features: Sequence[int], spatial_dims: int, in_channels: int, dilations: Sequence[int]
) -> ResNetStages:
    """
    Build a ResNet whose last layers are dilated instead of halving the size.

    Args:
        name: which ResNet, ``"resnet10"`` to ``"resnet200"``.
        features: channels of its four layers.
        spatial_dims: number of spatial dimensions.
        in_channels: number of channels of the image.
        dilations: of the last layers, one number each: ``(2, 4)`` for an output stride of 8, ``(2,)`` for 16.

    Raises:
        ValueError: When ``features`` are not four channels that this ResNet can have.
    """
    if len(features) != 4:
        raise ValueError(f"Expected argument `features` to be 4 numbers of channels, but got {tuple(features)}.")
    resnet = ResNetStages(name, features, spatial_dims, in_channels)
    for layer, dilation in zip(resnet.layers[-len(dilations) :], dilations):
        dilate(layer, dilation)
    return resnet


def dilate(layer: nn.Module, dilation: int) -> None:
    """
    Let a layer of a ResNet keep the size and widen its kernels instead, in place.

    Args:
        layer: one of the ``layers`` of :py:class:`ResNetStages`.
        dilation: of its 3x3 convolutions.
    """
    for conv in layer.modules():
        if isinstance(conv, (nn.Conv2d, nn.Conv3d)):
            axes = len(conv.kernel_size)
            conv.stride = (1,) * axes
            if conv.kernel_size[0] == 3:
                conv.dilation = conv.padding = (dilation,) * axes
