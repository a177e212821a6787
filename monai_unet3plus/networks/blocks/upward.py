# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoder node of UNet and UNet++."""

from __future__ import annotations

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv

from .conv import double_conv


class UpwardNode(nn.Module):
    """
    One decoder node of UNet and UNet++: a coarser map, up-sampled, beside the maps of its own level, convolved twice.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: channels of the coarser map.
        skip_channels: channels of all maps of this level together.
        out_channels: channels of the node.
        act: activation type and arguments.
        bias: whether the convolutions have a bias.
        dropout: dropout ratio in the convolutions.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        skip_channels: int,
        out_channels: int,
        act: str | tuple,
        bias: bool,
        dropout: float | tuple,
    ) -> None:
        super().__init__()
        self.up = Conv["convtrans", spatial_dims](in_channels, out_channels, kernel_size=4, stride=2, padding=1)
        self.convs = double_conv(spatial_dims, out_channels + skip_channels, out_channels, act, None, bias, dropout)

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
