# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
3x3 convolution by Winograd's minimal filtering, with a quarter of the multiplications, or less than half of them.

In float32 it is F(4x4, 3x3): a patch of 6x6 pixels gives a tile of 4x4 pixels of the result. Patch and kernel are
polynomials; evaluated at six points per axis (the method of Toom and Cook), multiplied there, and interpolated, they
take 36 multiplications instead of 144. In bfloat16 it is F(2x2, 3x3), 16 instead of 36: evaluated at larger tiles'
points, values would grow too far apart for eight bits.
See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. PyTorch's convolutions on CPUs have
no such form.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F

from ..eager import is_eager
from .plain import is_plain_tensor

__all__ = ["winograd_conv", "winograd_pays"]

# The points, besides infinity, decide the rounding error, which the tests hold to a few times that of the direct form.
_POINTS: dict[torch.dtype, tuple[float, ...]] = {torch.bfloat16: (0.0, 1.0, -1.0)}
_POINTS[torch.float32] = _POINTS[torch.float64] = (0.0, 1.0, -1.0, 0.5, -2.0)
_STRIP_BYTES = 2**23  # of patches that are worked on at once, so that they stay in the processor's cache

# From where on the form was faster than the direct one, tried by hand on one processor with AVX2 (float32) and one
# with AVX512-BF16 (bfloat16).
_MIN_CHANNELS = {torch.float32: 128, torch.bfloat16: 256}
_MIN_CHANNELS_TRAINING = {torch.float32: 64, torch.bfloat16: 256}
_MIN_PIXELS_PER_CHANNEL = 2  # on few pixels, the evaluation of the kernels takes too much


def winograd_pays(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """
    Whether :py:func:`winograd_conv` is the faster form: eager float32 or bfloat16 on a CPU, channels stored last,
    many of them.

    Args:
        x: maps of shape ``(B, C, H, W[, D])``.
        weight: kernel of shape ``(out_channels, C, 3, 3[, 3])``.
    """
    if not _is_possible(x) or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    least = _MIN_CHANNELS_TRAINING if torch.is_grad_enabled() and x.requires_grad else _MIN_CHANNELS
    pixels = x.shape[2] * x.shape[3]
    return min(weight.shape[:2]) >= least[_computed_in(x)] and pixels >= _MIN_PIXELS_PER_CHANNEL * max(weight.shape[:2])


def _is_possible(x: torch.Tensor) -> bool:
    if not is_eager() or not is_plain_tensor(x) or x.dim() != 4 or x.device.type != "cpu":
        return False
    dtype = _computed_in(x)
    return dtype == torch.float32 or dtype == torch.bfloat16 and not _has_amx()


@lru_cache
def _has_amx() -> bool:
    """Whether the processor multiplies tiles of bfloat16, with which the direct form is the faster one."""
    return hasattr(torch.cpu, "get_capabilities") and bool(torch.cpu.get_capabilities().get("amx_bf16"))


def _computed_in(x: torch.Tensor) -> torch.dtype:
    """The number type of a convolution here: that of the maps, or of autocast."""
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype


def winograd_conv(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, overwrite: bool = False
) -> torch.Tensor:
    """
    Equal to ``conv2d(x, weight, bias, padding=1)``, to rounding, under autocast too.

    Args:
        x: maps of shape ``(B, C, H, W)``, float32, float64 or bfloat16.
        weight: kernel of shape ``(out_channels, C, 3, 3)``.
        bias: ``(out_channels,)`` or None.
        overwrite: whether the result may take the memory of ``x``, which it does in inference where there are as many
            outputs as inputs and ``x`` is stored channels last. Defaults to False.

    Returns:
        maps of shape ``(B, out_channels, H, W)``, stored channels last.
    """
    x = x.to(_computed_in(x))
    in_place = overwrite and not torch.is_grad_enabled() and weight.shape[0] == weight.shape[1]
    if in_place and x.is_contiguous(memory_format=torch.channels_last):
        return _convolve(x, weight, bias, overwrite=True)
    return _WinogradConv.apply(x, weight, bias)


class _WinogradConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return _convolve(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        if torch.is_grad_enabled():  # these gradients are differentiated in turn, which PyTorch's own form can be
            shape = ([len(weight)], [1, 1], [1, 1], [1, 1], False, [0, 0], 1)
            return torch.ops.aten.convolution_backward(grad, x, weight.to(x.dtype), *shape, ctx.needs_input_grad)
        for_x = for_weight = for_bias = None
        if ctx.needs_input_grad[0]:
            for_x = _convolve(grad, weight.transpose(0, 1).flip(2, 3), None)
        if ctx.needs_input_grad[1]:
            for_weight = _weight_gradient(x, grad).to(weight.dtype)
        if ctx.needs_input_grad[2]:
            for_bias = grad.sum(dim=(0, 2, 3), dtype=weight.dtype)
        return for_x, for_weight, for_bias


@lru_cache
def _transforms(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """
    Matrices that evaluate patches (n * n, n * n) and kernels (n * n, 9), and one that makes tiles of products
    (t * t, n * n), of n points per axis and t = n - 2 pixels of a tile.
    """
    points = torch.tensor(_POINTS[dtype], dtype=torch.float64)

    def powers(count: int) -> torch.Tensor:
        infinity = torch.eye(count, dtype=torch.float64)[-1:]
        return torch.cat([points[:, None] ** torch.arange(count), infinity])

    patch = len(points) + 1
    per_axis = torch.linalg.inv(powers(patch)).T, powers(3), powers(patch - 2).T
    for_patch, for_kernel, for_tile = (torch.kron(matrix, matrix) for matrix in per_axis)
    # Kernels are few, so their evaluation is not rounded before the result is.
    return for_patch.to(dtype), for_kernel.to(torch.promote_types(dtype, torch.float32)), for_tile.to(dtype)


def _tile_side(dtype: torch.dtype) -> int:
    return len(_POINTS[dtype]) - 1


@torch.autocast("cpu", enabled=False)  # which would round the kernels before they are evaluated
def _convolve(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, overwrite: bool = False
) -> torch.Tensor:
    patch_transform, kernel_transform, tile_transform = _transforms(x.dtype)
    outputs, channels = weight.shape[:2]
    taps = weight.permute(2, 3, 1, 0).reshape(9, -1).to(kernel_transform.dtype)
    kernels = (kernel_transform @ taps).to(x.dtype).view(-1, channels, outputs)
    batch, _, height, width = x.shape
    side = _tile_side(x.dtype)
    columns = -(-width // side)
    strides = (height * width * outputs, 1, width * outputs, outputs)
    result = x if overwrite else x.new_empty_strided((batch, outputs, height, width), strides)
    above = None  # the row above a strip, which the strip before may have overwritten
    for image, first, count in _strips(x, max(channels, outputs)):
        patches = patch_transform @ _patches(x[image], first, count, above if first else None)
        patches = patches.view(-1, count * columns, channels)
        if overwrite:
            above = x[image, :, min((first + count) * side, height) - 1].clone()
        products = torch.bmm(patches, kernels).flatten(1)
        del patches
        tiles = tile_transform @ products
        del products
        tiles = tiles.view(side, side, count, columns, outputs).permute(2, 0, 3, 1, 4)
        strip = result[image, :, first * side : (first + count) * side].permute(1, 2, 0)
        if strip.numel() < tiles.numel():  # the last tiles reach beyond the map
            tiles = tiles.reshape(count * side, columns * side, outputs)[: strip.shape[0], :width]
        strip = strip.view(tiles.shape)
        if bias is None:
            strip.copy_(tiles)
        else:
            torch.add(tiles, bias.to(x.dtype), out=strip)
    return result


@torch.autocast("cpu", enabled=False)
def _weight_gradient(x: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """The transpose of :py:func:`_convolve` with respect to the kernel; of bfloat16, in float32."""
    patch_transform, kernel_transform, tile_transform = _transforms(x.dtype)
    channels, width = x.shape[1], x.shape[3]
    outputs, side = grad.shape[1], _tile_side(x.dtype)
    columns = -(-width // side)
    kernels = torch.zeros(len(patch_transform), channels, outputs, dtype=kernel_transform.dtype)
    for image, first, count in _strips(x, max(channels, outputs)):
        patches = patch_transform @ _patches(x[image], first, count)
        strip = grad[image, :, first * side : (first + count) * side].permute(1, 2, 0)
        strip = F.pad(strip, (0, 0, 0, columns * side - width, 0, count * side - strip.shape[0]))
        tiles = strip.view(count, side, columns, side, outputs).permute(1, 3, 0, 2, 4).reshape(side**2, -1)
        products = (tile_transform.T @ tiles).view(-1, count * columns, outputs)
        patches = patches.view(-1, count * columns, channels).transpose(1, 2)
        if kernels.dtype == x.dtype:
            kernels.baddbmm_(patches, products)
        else:
            kernels += torch.bmm(patches, products)
    weight = kernel_transform.T @ kernels.flatten(1)
    return weight.view(3, 3, channels, outputs).permute(3, 2, 0, 1)


def _strips(x: torch.Tensor, channels: int) -> list[tuple[int, int, int]]:
    """Strips of rows of tiles: image, first row, number of rows."""
    batch, _, height, width = x.shape
    side = _tile_side(x.dtype)
    rows, columns = -(-height // side), -(-width // side)
    count = max(1, _STRIP_BYTES // ((side + 2) ** 2 * columns * channels * x.element_size()))
    return [(image, first, min(count, rows - first)) for image in range(batch) for first in range(0, rows, count)]


def _patches(image: torch.Tensor, first: int, count: int, above: torch.Tensor | None = None) -> torch.Tensor:
    """
    The patches of ``count`` rows of tiles, from the map of one image ``(C, H, W)``: ``(n * n, tiles * C)``. The row of
    pixels above them is ``above``, ``(C, W)``, by default that of the image.
    """
    _, height, width = image.shape
    side = _tile_side(image.dtype)
    patch = side + 2
    top, bottom = first * side - 1, (first + count) * side + 1
    strip = image[:, max(top, 0) : bottom].permute(1, 2, 0)
    right = -width % side + 1
    strip = F.pad(strip, (0, 0, 1, right, max(-top, 0), max(bottom - height, 0)))
    if above is not None:
        strip[0, 1 : 1 + width] = above.T
    return strip.unfold(0, patch, side).unfold(1, patch, side).permute(3, 4, 0, 1, 2).reshape(patch**2, -1)
