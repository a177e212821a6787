# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The 3x3 convolution blocks that all networks here are made of, and the factory that holds their settings."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn as nn
from monai.networks.blocks import ADN
from monai.networks.layers.factories import Conv

from .convolve import convolve

__all__ = ["BlockFactory", "Conv3x3", "OutputConv3x3"]


@dataclass(frozen=True)
class BlockFactory:
    """
    Makes the convolution blocks of one network, which share these settings.

    Args:
        spatial_dims: number of spatial dimensions.
        act: activation type and arguments.
        norm: feature normalization type and arguments, or None.
        bias: whether the convolutions have a bias.
        dropout: dropout ratio in the convolution blocks.
        use_checkpoint: whether training computes the activations again instead of keeping them.
    """

    spatial_dims: int
    act: str | tuple = ("relu", {"inplace": True})
    norm: str | tuple | None = "batch"
    bias: bool = True
    dropout: float | tuple = 0.0
    use_checkpoint: bool = False

    def conv(self, in_channels: int, out_channels: int) -> nn.Module:
        """A 3x3 convolution that keeps the size, ``nn.Conv2d`` or ``nn.Conv3d``."""
        conv: type[nn.Module] = Conv["conv", self.spatial_dims]
        return conv(in_channels, out_channels, kernel_size=3, padding=1, bias=self.bias)

    def adn(self, channels: int, ordering: str = "NDA") -> ADN:
        """Norm, dropout and activation, as many of them as ``ordering`` has letters."""
        act = self.act if "A" in ordering else None
        return ADN(ordering, channels, act, self.norm, self.spatial_dims, self.dropout, dropout_dim=1)

    def double_conv(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """Two :py:class:`Conv3x3` in a row, ``conv_0`` and ``conv_1``."""
        convs = nn.Sequential()
        convs.add_module("conv_0", Conv3x3(self, in_channels, out_channels))
        convs.add_module("conv_1", Conv3x3(self, out_channels, out_channels))
        return convs


class Conv3x3(nn.Module):
    """
    A 3x3 convolution, then norm, dropout and activation: MONAI's ``Convolution`` with :py:func:`convolve`.

    Args:
        blocks: the network's settings.
        in_channels: number of input channels.
        out_channels: number of output channels.
    """

    def __init__(self, blocks: BlockFactory, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = blocks.conv(in_channels, out_channels)
        self.adn = blocks.adn(out_channels)

    def forward(self, x: torch.Tensor, overwrite: bool = False) -> torch.Tensor:
        """
        Args:
            x: maps of shape ``(B, in_channels, H, W[, D])``.
            overwrite: whether the result may take the memory of ``x``. Defaults to False.

        Returns:
            maps of shape ``(B, out_channels, H, W[, D])``.
        """
        if torch.jit.is_scripting():
            return self.adn(self.conv(x))
        return self.adn(convolve(self.conv, x, overwrite=overwrite))


class OutputConv3x3(nn.Module):
    """
    A 3x3 convolution and nothing else, to logits; of maps in half precision, in float32.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: number of input channels.
        out_channels: number of output channels.
    """

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = BlockFactory(spatial_dims).conv(in_channels, out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: maps of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            maps of shape ``(B, out_channels, H, W[, D])``.
        """
        if torch.jit.is_scripting():
            logits = self.conv(x)
        else:
            logits = convolve(self.conv, x)
        if logits.dtype == torch.bfloat16 or logits.dtype == torch.float16:
            return logits.float()
        return logits
