# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""How a 3x3 convolution is computed: its module is called, or a faster algorithm with equal results takes its place."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..eager import is_eager
from .plain import is_plain
from .upsampled_conv import resize_to, upsampled_conv
from .winograd import winograd_conv, winograd_pays

__all__ = ["convolve"]

_FEW = 2  # outputs; PyTorch's convolutions on CPUs work for 16 at least


def convolve(conv: nn.Module, x: torch.Tensor, size: list[int] | None = None) -> torch.Tensor:
    """
    Convolve maps with a 3x3 kernel, zero padding and stride 1.

    A faster algorithm is used where the module is plain, see :py:func:`is_plain`. Any other module is called.

    Args:
        conv: the convolution.
        x: maps of shape ``(B, C, H, W[, D])``.
        size: spatial size to up-sample the maps to before. Defaults to None: they are not.

    Returns:
        maps of shape ``(B, out_channels, H, W[, D])``, or ``(B, out_channels, *size)``.
    """
    plain, eager = is_plain(conv), is_eager()
    if size is not None:
        if not plain:
            return conv(resize_to(x, size))
        maps = upsampled_conv(x, conv.weight, conv.bias, size)
        is_channels_last = eager and x.dim() == 4 and x.stride(1) == 1
        return maps.contiguous(memory_format=torch.channels_last) if is_channels_last else maps
    if plain and eager:
        if winograd_pays(x, conv.weight):
            return winograd_conv(x, conv.weight, conv.bias)
        if x.dim() == 4 and x.device.type == "cpu" and len(conv.weight) <= _FEW:
            return _add_taps(x, conv.weight, conv.bias)
    return conv(x)


def _add_taps(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A 1x1 convolution to one map per output and tap; the maps of the taps are then shifted and added."""
    per_tap = weight.flip(2, 3).permute(0, 2, 3, 1).reshape(-1, weight.shape[1], 1, 1)
    maps = F.fold(F.conv2d(x, per_tap).flatten(2), x.shape[2:], kernel_size=3, padding=1)
    return maps if bias is None else maps + bias.to(maps.dtype)[:, None, None]
