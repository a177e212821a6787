# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""3x3 convolutions, alone and in blocks."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from monai.networks.blocks import ADN
from monai.networks.layers.factories import Conv

from .winograd import winograd_conv, winograd_pays

__all__ = ["Conv3x3", "OutputConv3x3", "conv3x3", "double_conv"]


def conv3x3(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """
    Convolution with a kernel of 3 along each axis and zero padding of 1, in the form that is fastest here.

    Args:
        x: maps of shape ``(B, C, H, W[, D])``.
        weight: kernel of shape ``(out_channels, C, 3, 3[, 3])``.
        bias: ``(out_channels,)`` or None.

    Returns:
        maps of shape ``(B, out_channels, H, W[, D])``.
    """
    if torch.jit.is_scripting():
        return _direct(x, weight, bias)
    if winograd_pays(x, weight):
        return winograd_conv(x, weight, bias)
    if _adding_taps_pays(x, weight):
        return _adding_taps(x, weight, bias)
    return _direct(x, weight, bias)


def _adding_taps_pays(x: torch.Tensor, weight: torch.Tensor) -> bool:
    if torch.jit.is_tracing() or torch.compiler.is_compiling() or x.dim() != 4 or x.device.type != "cpu":
        return False
    return weight.shape[0] <= 2  # direct convolutions on CPUs work for 16 outputs at least


def _adding_taps(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A 1x1 convolution to one map per output and tap; the maps of the taps are then shifted and added."""
    per_tap = weight.flip(2, 3).permute(0, 2, 3, 1).reshape(-1, weight.shape[1], 1, 1)
    maps = F.fold(F.conv2d(x, per_tap).flatten(2), x.shape[2:], kernel_size=3, padding=1)
    return maps if bias is None else maps + bias.to(maps.dtype)[:, None, None]


def _direct(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return F.conv2d(x, weight, bias, padding=1) if x.dim() == 4 else F.conv3d(x, weight, bias, padding=1)


class Conv3x3(nn.Module):
    """
    A 3x3 convolution by :py:func:`conv3x3`, then norm, dropout and activation; MONAI's ``Convolution`` otherwise.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: number of input channels.
        out_channels: number of output channels.
        act: activation type and arguments.
        norm: feature normalization type and arguments, or None.
        bias: whether the convolution has a bias.
        dropout: dropout ratio.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int,
        act: str | tuple,
        norm: str | tuple | None,
        bias: bool,
        dropout: float | tuple,
    ) -> None:
        super().__init__()
        self.conv = Conv["conv", spatial_dims](in_channels, out_channels, kernel_size=3, padding=1, bias=bias)
        self.adn = ADN("NDA", out_channels, act, norm, spatial_dims, dropout, dropout_dim=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: maps of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            maps of shape ``(B, out_channels, H, W[, D])``.
        """
        return self.adn(conv3x3(x, self.conv.weight, self.conv.bias))


def double_conv(
    spatial_dims: int,
    in_channels: int,
    out_channels: int,
    act: str | tuple,
    norm: str | tuple | None,
    bias: bool,
    dropout: float | tuple,
) -> nn.Sequential:
    """
    Two :py:class:`Conv3x3` in a row, ``conv_0`` and ``conv_1``, the block that all these networks are made of.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: number of input channels.
        out_channels: number of output channels.
        act: activation type and arguments.
        norm: feature normalization type and arguments, or None.
        bias: whether the convolutions have a bias.
        dropout: dropout ratio.
    """
    convs = nn.Sequential()
    convs.add_module("conv_0", Conv3x3(spatial_dims, in_channels, out_channels, act, norm, bias, dropout))
    convs.add_module("conv_1", Conv3x3(spatial_dims, out_channels, out_channels, act, norm, bias, dropout))
    return convs


class OutputConv3x3(nn.Module):
    """
    A 3x3 convolution by :py:func:`conv3x3` and nothing else, to logits; of maps in half precision, in float32.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: number of input channels.
        out_channels: number of output channels.
    """

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = Conv["conv", spatial_dims](in_channels, out_channels, kernel_size=3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: maps of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            maps of shape ``(B, out_channels, H, W[, D])``.
        """
        logits = conv3x3(x, self.conv.weight, self.conv.bias)
        if logits.dtype == torch.bfloat16 or logits.dtype == torch.float16:
            return logits.float()
        return logits
