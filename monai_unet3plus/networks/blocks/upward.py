# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoder node of UNet and UNet++."""

from __future__ import annotations

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv
from torch.nn.modules.conv import _ConvNd

from .conv import BlockFactory


class UpwardNode(nn.Module):
    """
    One decoder node of UNet and UNet++: a coarser map, up-sampled, beside the maps of its own level, convolved twice.

    Args:
        blocks: the network's settings.
        in_channels: channels of the coarser map.
        skip_channels: channels of all maps of this level together.
        out_channels: channels of the node.
    """

    def __init__(self, blocks: BlockFactory, in_channels: int, skip_channels: int, out_channels: int) -> None:
        super().__init__()
        self.up = Conv["convtrans", blocks.spatial_dims](in_channels, out_channels, kernel_size=4, stride=2, padding=1)
        self.convs = blocks.double_conv(out_channels + skip_channels, out_channels)
        for module in self.modules():
            if isinstance(module, _ConvNd):
                # as the authors do: without norm PyTorch's own weights let the map fade from node to node, and the
                # network learns to find nothing
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        """
        Args:
            x: coarser map of shape ``(B, in_channels, ...)``.
            skips: maps of this level, ``(B, C, ...)``, twice as large or one more.

        Returns:
            map of shape ``(B, out_channels, ...)``, as large as ``skips``.
        """
        size = list(skips[0].shape[2:])
        return self.convs(torch.cat([self.up(x, output_size=size)] + skips, dim=1))
