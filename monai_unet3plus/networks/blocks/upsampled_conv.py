# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
"Up-sample linearly, then convolve with 3x3" computed at low resolution, exactly.

Both steps are linear, so the order of sums is free. A 1x1 convolution of the low-resolution map gives one map per
tap of the kernel; then, axis by axis, one small matrix up-samples and shifts the maps of all taps at once and adds
them. The zeros around the border are rows of the matrix, so nothing is approximated.
"""

from __future__ import annotations

from functools import lru_cache

import torch
import torch.nn.functional as F

from ..eager import is_eager
from .plain import is_plain_tensor

__all__ = ["resize_logits", "resize_to", "upsampled_conv"]

_MIN_OUTPUTS_LAST = 64  # at 16, a network in bfloat16 took 1.4 to 1.6 times as long


def resize_to(x: torch.Tensor, size: list[int]) -> torch.Tensor:
    """
    Resize maps linearly to an exact size, corners not aligned, as the published network up-samples.

    Args:
        x: maps of shape ``(B, C, H, W[, D])``.
        size: the spatial size wanted.

    Returns:
        maps of shape ``(B, C, *size)``.
    """
    return F.interpolate(x, size=size, mode="bilinear" if x.dim() == 4 else "trilinear", align_corners=False)


def resize_logits(logits: torch.Tensor, size: list[int]) -> torch.Tensor:
    """
    Resize logits as :py:func:`resize_to` does, those in half precision in float32.

    Args:
        logits: maps of shape ``(B, C, H, W[, D])``.
        size: the spatial size wanted.

    Returns:
        maps of shape ``(B, C, *size)``, float32 instead of bfloat16 and float16.
    """
    if logits.dtype == torch.bfloat16 or logits.dtype == torch.float16:
        logits = logits.float()
    return resize_to(logits, size)


def upsampled_conv(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: list[int]) -> torch.Tensor:
    """
    Equal to ``conv(resize_to(x, size), weight, bias, padding=1)``, to rounding.

    Args:
        x: maps of shape ``(B, C, h, w[, d])``.
        weight: kernel of shape ``(out_channels, C, 3, 3[, 3])``.
        bias: ``(out_channels,)`` or None.
        size: spatial size to up-sample to.

    Returns:
        maps of shape ``(B, out_channels, *size)``.
    """
    if torch.jit.is_scripting():
        maps = _upsample_taps(x, weight, size)
    elif _pays_stored_last(x, weight):
        maps = _upsample_taps_last(x, weight, size)
    else:
        maps = _upsample_taps(x, weight, size)
    # By way of `linear`: a traced graph has the bias of a convolution as an optional tensor, which `+` does not take.
    offset = F.linear(weight.new_zeros(1, 1), weight.new_zeros(weight.shape[0], 1), bias)
    maps.add_(offset.reshape([-1] + [1] * (x.dim() - 2)))
    return maps


def _upsample_taps(x: torch.Tensor, weight: torch.Tensor, size: list[int]) -> torch.Tensor:
    """The maps without bias."""
    axes = x.dim() - 2
    low_size = list(x.shape[2:])
    images = x.shape[0] * weight.shape[0]
    per_tap = weight.movedim(1, -1).reshape([-1, weight.shape[1]] + [1] * axes)
    low = F.conv2d(x, per_tap) if axes == 2 else F.conv3d(x, per_tap)

    # An axis at a time, the last first: (images, taps of the axes left, low sizes of the axes left, sizes done).
    # Taps are put side by side by `cat`: merging axes by a view would restrict the sizes that torch.export allows.
    maps = low.reshape([images] + [3] * axes + low_size)
    maps = F.linear(torch.cat(maps.unbind(axes), dim=-1), _tap_matrix(low_size[-1], size[-1], x))
    for axis in range(axes - 2, -1, -1):
        maps = torch.cat(maps.unbind(1 + axis), dim=1 + 2 * axis)
        columns = maps.flatten(2 + 2 * axis).flatten(0, 2 * axis)
        matrix = _tap_matrix(low_size[axis], size[axis], x).expand(columns.shape[0], -1, -1)
        maps = torch.bmm(matrix, columns).view([images] + [3] * axis + low_size[:axis] + size[axis:])
    return maps.view([x.shape[0], weight.shape[0]] + size)


def _pays_stored_last(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """
    Whether :py:func:`_upsample_taps_last` is the better form: for 2D maps with channels stored last, in inference on a
    CPU, to many channels. To few its products are small, which are slow in bfloat16.
    """
    if torch.is_grad_enabled() or not is_eager() or x.dim() != 4 or x.device.type != "cpu":
        return False
    return len(weight) >= _MIN_OUTPUTS_LAST and x.is_contiguous(memory_format=torch.channels_last)


def _upsample_taps_last(x: torch.Tensor, weight: torch.Tensor, size: list[int]) -> torch.Tensor:
    """The same without a copy in another layout, and with the taps of one row of the kernel in memory at a time."""
    outputs, channels = weight.shape[:2]
    batch, _, height, width = x.shape
    matrix = _tap_matrix(width, size[1], x).view(-1, 3, width).transpose(1, 2).flatten(1)  # the taps of a pixel adjoin
    matrix = matrix.expand(batch * height, -1, -1)
    rows = x.new_empty(batch, 3, height, size[1] * outputs)
    for row in range(3):
        per_tap = weight[:, :, row].permute(2, 0, 1).reshape(-1, channels, 1, 1)
        low = F.conv2d(x, per_tap).permute(0, 2, 3, 1).reshape(batch * height, width * 3, outputs)
        rows[:, row] = torch.bmm(matrix, low).view(batch, height, size[1] * outputs)
        del low  # or it would be held beside the next one
    matrix = _tap_matrix(height, size[0], x).expand(batch, -1, -1)
    return torch.bmm(matrix, rows.flatten(1, 2)).view(batch, *size, outputs).movedim(-1, 1)


def _tap_matrix(low: int, high: int, like: torch.Tensor) -> torch.Tensor:
    """
    The matrix ``(high, 3 * low)`` that up-samples ``low`` values to ``high`` and shifts them by -1, 0, 1 per tap.

    It takes a dozen small kernels to make, which is much for a GPU that gets one slice at a time, so it is kept. The
    first pass of a size copies it from the CPU, which a CUDA graph can't capture.
    """
    if not torch.jit.is_scripting():
        if is_eager() and is_plain_tensor(like):
            return _kept_tap_matrix(low, high, like.dtype, like.device)
    return _new_tap_matrix(low, high, like)


@lru_cache(maxsize=64)
def _kept_tap_matrix(low: int, high: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    with torch.inference_mode(False):  # training may use it too
        # By way of the CPU: a copy from there is finished, whatever stream uses it next; a conversion on a GPU is not.
        return _new_tap_matrix(low, high, torch.empty(0, dtype=torch.float32, device="cpu")).to(dtype).to(device)


def _new_tap_matrix(low: int, high: int, like: torch.Tensor) -> torch.Tensor:
    centres = torch.arange(high, dtype=torch.float32, device=like.device) + 0.5
    source = (centres * (low / high) - 0.5).clamp(0, low - 1)
    columns = torch.arange(low, dtype=torch.float32, device=like.device)
    upsampling = (1 - (source[:, None] - columns).abs()).clamp(min=0)
    padded = F.pad(upsampling, [0, 0, 1, 1])
    return torch.cat([padded[tap : tap + high] for tap in range(3)], dim=1).to(like.dtype)
