# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""DeepLabV3 and DeepLabV3+."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn as nn
from monai.networks.blocks import Convolution
from monai.networks.layers.factories import Conv, Dropout, Pool

from ..blocks import resize_to
from .dilated_resnet import DilatedResNetSegmenter

__all__ = ["DeepLabV3", "DeepLabV3Plus"]

_BLOCK: dict[str, Any] = {"norm": "batch", "act": "relu", "bias": False}


class DeepLabV3(DilatedResNetSegmenter):
    """
    DeepLabV3: a ResNet of output stride 8 and atrous spatial pyramid pooling (ASPP) with a pooled branch.

    The ResNet's third and fourth layer are dilated by 2 and 4 instead of halving the size. The branches of the ASPP
    have an eighth of the ResNet's last channels, as in the paper: 256 of 2048.

    Based on:

        Chen et al. "Rethinking Atrous Convolution for Semantic Image Segmentation". 2017,
        https://arxiv.org/abs/1706.05587

    Args:
        spatial_dims: number of spatial dimensions, 2 or 3. Defaults to 2.
        in_channels: number of channels of the image. Defaults to 3: a slice and its two neighbours.
        out_channels: number of organs, each with a channel of its own (sigmoid). Defaults to 1.
        features: channels of the ResNet's four layers. Defaults to ResNet-101's own, ``(256, 512, 1024, 2048)``.
        backbone: which ResNet, ``"resnet10"`` to ``"resnet200"``. Defaults to ``"resnet101"``.
        rates: dilations of the ASPP. Defaults to the paper's at this output stride, ``(12, 24, 36)``.

    Raises:
        ValueError: When ``features`` are not four channels that this ResNet can have.

    Examples::

        >>> net = DeepLabV3(out_channels=2)
        >>> net.eval()(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])

    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (256, 512, 1024, 2048),
        backbone: str = "resnet101",
        rates: Sequence[int] = (12, 24, 36),
    ) -> None:
        super().__init__(spatial_dims, in_channels, features, backbone)
        width = features[-1] // 8
        self.aspp = _PooledASPP(spatial_dims, features[-1], width, rates)
        self.head = nn.Sequential(
            Convolution(spatial_dims, width, width, kernel_size=3, **_BLOCK),
            Conv["conv", spatial_dims](width, out_channels, kernel_size=1),
        )

    def classify(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return self.head(self.aspp(maps[-1]))


class DeepLabV3Plus(DilatedResNetSegmenter):
    """
    DeepLabV3+: DeepLabV3 of output stride 16, and a decoder that adds the map at 1/4 of the size.

    Based on:

        Chen et al. "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation". ECCV 2018,
        https://doi.org/10.1007/978-3-030-01234-2_49

    Args and errors are those of :py:class:`DeepLabV3`, but ``rates`` defaults to the paper's at this output stride,
    ``(6, 12, 18)``.

    Examples::

        >>> net = DeepLabV3Plus(out_channels=2)
        >>> net.eval()(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])

    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (256, 512, 1024, 2048),
        backbone: str = "resnet101",
        rates: Sequence[int] = (6, 12, 18),
    ) -> None:
        super().__init__(spatial_dims, in_channels, features, backbone, dilations=(2,))
        width = features[-1] // 8
        low_level = max(1, features[0] * 3 // 16)  # 48 of 256, as in the paper
        self.aspp = _PooledASPP(spatial_dims, features[-1], width, rates)
        self.low_level = Convolution(spatial_dims, features[0], low_level, kernel_size=1, **_BLOCK)
        self.head = nn.Sequential(
            Convolution(spatial_dims, width + low_level, width, kernel_size=3, **_BLOCK),
            Convolution(spatial_dims, width, width, kernel_size=3, **_BLOCK),
            Conv["conv", spatial_dims](width, out_channels, kernel_size=1),
        )

    def classify(self, maps: list[torch.Tensor]) -> torch.Tensor:
        coarse = resize_to(self.aspp(maps[-1]), list(maps[0].shape[2:]))
        return self.head(torch.cat([coarse, self.low_level(maps[0])], dim=1))


class _PooledASPP(nn.Module):
    """Convolutions of different dilation and the mean over the image, each normalized, side by side, and mixed."""

    def __init__(self, spatial_dims: int, in_channels: int, width: int, rates: Sequence[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList([Convolution(spatial_dims, in_channels, width, kernel_size=1, **_BLOCK)])
        for rate in rates:
            self.branches.append(Convolution(spatial_dims, in_channels, width, kernel_size=3, dilation=rate, **_BLOCK))
        self.pooled = nn.Sequential(
            Pool["adaptiveavg", spatial_dims](1), Convolution(spatial_dims, in_channels, width, kernel_size=1, **_BLOCK)
        )
        self.mix = nn.Sequential(
            Convolution(spatial_dims, (len(rates) + 2) * width, width, kernel_size=1, **_BLOCK),
            Dropout["dropout", spatial_dims](0.5),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps: list[torch.Tensor] = []
        for branch in self.branches:
            maps.append(branch(x))
        maps.append(resize_to(self.pooled(x), list(x.shape[2:])))
        return self.mix(torch.cat(maps, dim=1))
