# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""How a 3x3 convolution is computed: its module is called, or a faster algorithm with equal results takes its place."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..eager import is_eager
from .plain import is_plain_conv3x3
from .upsampled_conv import resize_to, upsampled_conv
from .winograd import winograd_conv, winograd_pays

__all__ = ["convolve"]

_FEW = 2  # outputs; PyTorch's convolutions on CPUs work for 16 at least


def convolve(conv: nn.Module, x: torch.Tensor, size: list[int] | None = None, overwrite: bool = False) -> torch.Tensor:
    """
    Convolve maps with a 3x3 kernel, zero padding and stride 1.

    A faster algorithm is used where the module is plain, see :py:func:`is_plain_conv3x3`. Any other module is called.

    Args:
        conv: the convolution.
        x: maps of shape ``(B, C, H, W[, D])``.
        size: spatial size to up-sample the maps to before. Defaults to None: they are not.
        overwrite: whether the result may take the memory of ``x``, see :py:func:`winograd_conv`. Defaults to False.

    Returns:
        maps of shape ``(B, out_channels, H, W[, D])``, or ``(B, out_channels, *size)``.
    """
    if is_plain_conv3x3(conv):
        maps = _convolve_faster(x, conv.weight, conv.bias, size, overwrite)
        if maps is not None:
            return maps
    return conv(x if size is None else resize_to(x, size))


def _convolve_faster(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: list[int] | None, overwrite: bool
) -> torch.Tensor | None:
    """The result in the form that is faster than PyTorch's, or None where none is."""
    eager_2d = is_eager() and x.dim() == 4
    if size is not None:
        maps = upsampled_conv(x, weight, bias, size)
        return maps.contiguous(memory_format=torch.channels_last) if eager_2d and x.stride(1) == 1 else maps
    if winograd_pays(x, weight):
        return winograd_conv(x, weight, bias, overwrite)
    return _add_taps(x, weight, bias) if eager_2d and x.device.type == "cpu" and len(weight) <= _FEW else None


def _add_taps(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A 1x1 convolution to one map per output and tap; the maps of the taps are then shifted and added."""
    per_tap = weight.flip(2, 3).permute(0, 2, 3, 1).reshape(-1, weight.shape[1], 1, 1)
    maps = F.fold(F.conv2d(x, per_tap).flatten(2), x.shape[2:], kernel_size=3, padding=1)
    return maps if bias is None else maps + bias.to(maps.dtype)[:, None, None]
