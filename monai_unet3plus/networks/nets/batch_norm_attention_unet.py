# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""MONAI's Attention U-Net with batch norm in every block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monai.networks.blocks import Convolution
from monai.networks.nets import AttentionUnet
from monai.networks.nets.attentionunet import AttentionLayer

__all__ = ["BatchNormAttentionUnet"]


class BatchNormAttentionUnet(AttentionUnet):
    """
    :py:class:`monai.networks.nets.AttentionUnet` whose merging convolutions have batch norm and ReLU as its other ones.

    In MONAI's network, the convolution that merges the gated skip connection with the map from below has instance norm
    and PReLU, the defaults of ``Convolution``; the paper's authors have batch norm and ReLU in it. Instance norm gives
    the maps of every slice the same mean and variance, so a slice without the organ looks like one with it.

    Based on:

        Oktay et al. "Attention U-Net: Learning Where to Look for the Pancreas". MIDL 2018,
        https://arxiv.org/abs/1804.03999

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: number of input channels.
        out_channels: number of output channels.
        channels: of each level, finest first.
        strides: of each level but the finest.

    Examples::

        >>> net = BatchNormAttentionUnet(2, 3, 1, channels=(16, 32, 64), strides=(2, 2))
        >>> net(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 1, 64, 64])
    """

    def __init__(
        self, spatial_dims: int, in_channels: int, out_channels: int, channels: Sequence[int], strides: Sequence[int]
    ) -> None:
        super().__init__(spatial_dims, in_channels, out_channels, channels, strides)
        for layer in self.modules():
            if isinstance(layer, AttentionLayer):
                conv: Any = layer.merge.conv
                layer.merge = Convolution(
                    spatial_dims, conv.in_channels, conv.out_channels, adn_ordering="NA", act="relu", norm="batch"
                )
