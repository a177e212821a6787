# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
3x3 convolution by Winograd's minimal filtering, F(4x4, 3x3), with a quarter of the multiplications.

A patch of 6x6 pixels gives a tile of 4x4 pixels of the result. Patch and kernel are polynomials; evaluated at six
points per axis (the method of Toom and Cook), multiplied there, and interpolated, they take 36 multiplications instead
of 144.
See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. PyTorch's convolutions on CPUs have
no such form for float32.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

__all__ = ["arrange_for_winograd", "winograd_conv", "winograd_pays"]

_TILE = 4  # pixels of the result per tile and axis
_PATCH = _TILE + 2  # pixels of the input that they depend on
# The points decide the rounding error, which the tests hold to a few times that of the direct form.
_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity
_STRIP_BYTES = 2**23  # of patches that are worked on at once, so that they stay in the processor's cache

# From where on the form was faster than the direct one, tried by hand on one processor with AVX2.
_MIN_CHANNELS = 128
_MIN_CHANNELS_TRAINING = 64
_MIN_PIXELS_PER_CHANNEL = 2  # on few pixels, the evaluation of the kernels takes too much


def winograd_pays(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """
    Whether :py:func:`winograd_conv` is the faster form: eager float32 on a CPU, channels stored last, many of them.

    Args:
        x: maps of shape ``(B, C, H, W[, D])``.
        weight: kernel of shape ``(out_channels, C, 3, 3[, 3])``.
    """
    if not _is_possible(x) or not x.is_contiguous(memory_format=torch.channels_last):
        return False
    fewest = _MIN_CHANNELS_TRAINING if torch.is_grad_enabled() and x.requires_grad else _MIN_CHANNELS
    pixels = x.shape[2] * x.shape[3]
    return min(weight.shape[:2]) >= fewest and pixels >= _MIN_PIXELS_PER_CHANNEL * max(weight.shape[:2])


def arrange_for_winograd(image: torch.Tensor, channels: int) -> torch.Tensor:
    """
    Store an image channels last if the network that it enters is faster so. The maps computed from it follow.

    Args:
        image: shape ``(B, C, H, W[, D])``.
        channels: of the network's widest convolutions at high resolution.
    """
    if channels < _MIN_CHANNELS or not _is_possible(image):
        return image
    return image.contiguous(memory_format=torch.channels_last)


def _is_possible(x: torch.Tensor) -> bool:
    if torch.jit.is_tracing() or torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu"):
        return False
    return x.dim() == 4 and x.dtype == torch.float32 and x.device.type == "cpu"


def winograd_conv(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """
    Equal to ``conv2d(x, weight, bias, padding=1)``, to rounding; once differentiable.

    Args:
        x: maps of shape ``(B, C, H, W)``, float32 or float64.
        weight: kernel of shape ``(out_channels, C, 3, 3)``.
        bias: ``(out_channels,)`` or None.

    Returns:
        maps of shape ``(B, out_channels, H, W)``, stored channels last.
    """
    return _WinogradConv.apply(x, weight, bias)


class _WinogradConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return _convolve(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        for_x = for_weight = for_bias = None
        if ctx.needs_input_grad[0]:
            for_x = _convolve(grad, weight.transpose(0, 1).flip(2, 3), None)
        if ctx.needs_input_grad[1]:
            for_weight = _weight_gradient(x, grad)
        if ctx.needs_input_grad[2]:
            for_bias = grad.sum(dim=(0, 2, 3))
        return for_x, for_weight, for_bias


@lru_cache
def _transforms(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Matrices that evaluate patches (36, 36) and kernels (36, 9), and one that makes tiles of products (16, 36)."""
    points = torch.tensor(_POINTS, dtype=torch.float64)

    def powers(count: int) -> torch.Tensor:
        infinity = torch.eye(count, dtype=torch.float64)[-1:]
        return torch.cat([points[:, None] ** torch.arange(count), infinity])

    per_axis = torch.linalg.inv(powers(_PATCH)).T, powers(3), powers(_TILE).T
    patch, kernel, tile = (torch.kron(matrix, matrix).to(dtype) for matrix in per_axis)
    return patch, kernel, tile


def _convolve(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    patch_transform, kernel_transform, tile_transform = _transforms(x.dtype)
    outputs, channels = weight.shape[:2]
    kernels = (kernel_transform @ weight.permute(2, 3, 1, 0).reshape(9, -1)).view(-1, channels, outputs)
    batch, _, height, width = x.shape
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    result = x.new_empty(batch, rows * _TILE, columns * _TILE, outputs)
    for image, first, count in _strips(batch, rows, columns, max(channels, outputs), x.element_size()):
        patches = (patch_transform @ _patches(x[image], first, count)).view(-1, count * columns, channels)
        tiles = tile_transform @ torch.bmm(patches, kernels).flatten(1)
        del patches
        tiles = tiles.view(_TILE, _TILE, count, columns, outputs).permute(2, 0, 3, 1, 4)
        strip = result[image, first * _TILE : (first + count) * _TILE].view(tiles.shape)
        if bias is None:
            strip.copy_(tiles)
        else:
            torch.add(tiles, bias, out=strip)
    return result[:, :height, :width].contiguous().permute(0, 3, 1, 2)


def _weight_gradient(x: torch.Tensor, grad: torch.Tensor) -> torch.Tensor:
    """The transpose of :py:func:`_convolve` with respect to the kernel."""
    patch_transform, kernel_transform, tile_transform = _transforms(x.dtype)
    batch, channels, height, width = x.shape
    outputs = grad.shape[1]
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    kernels = x.new_zeros(_PATCH**2, channels, outputs)
    for image, first, count in _strips(batch, rows, columns, max(channels, outputs), x.element_size()):
        patches = patch_transform @ _patches(x[image], first, count)
        strip = grad[image, :, first * _TILE : (first + count) * _TILE].permute(1, 2, 0)
        strip = F.pad(strip, (0, 0, 0, columns * _TILE - width, 0, count * _TILE - strip.shape[0]))
        tiles = strip.view(count, _TILE, columns, _TILE, outputs).permute(1, 3, 0, 2, 4).reshape(_TILE**2, -1)
        products = (tile_transform.T @ tiles).view(-1, count * columns, outputs)
        kernels.baddbmm_(patches.view(-1, count * columns, channels).transpose(1, 2), products)
    weight = kernel_transform.T @ kernels.flatten(1)
    return weight.view(3, 3, channels, outputs).permute(3, 2, 0, 1)


def _strips(batch: int, rows: int, columns: int, channels: int, element_size: int) -> list[tuple[int, int, int]]:
    """Strips of rows of tiles: image, first row, number of rows."""
    count = max(1, _STRIP_BYTES // (_PATCH**2 * columns * channels * element_size))
    return [(image, first, min(count, rows - first)) for image in range(batch) for first in range(0, rows, count)]


def _patches(image: torch.Tensor, first: int, count: int) -> torch.Tensor:
    """The patches of ``count`` rows of tiles, from the map of one image ``(C, H, W)``: ``(36, tiles * C)``."""
    _, height, width = image.shape
    top, bottom = first * _TILE - 1, (first + count) * _TILE + 1
    strip = image[:, max(top, 0) : bottom].permute(1, 2, 0)
    right = -width % _TILE + 1
    strip = F.pad(strip, (0, 0, 1, right, max(-top, 0), max(bottom - height, 0)))
    return strip.unfold(0, _PATCH, _TILE).unfold(1, _PATCH, _TILE).permute(3, 4, 0, 1, 2).reshape(_PATCH**2, -1)
