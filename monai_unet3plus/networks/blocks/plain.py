# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether calling a convolution does nothing but convolve."""

from __future__ import annotations

from typing import TypeGuard

import torch
import torch.nn as nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.module import _has_any_global_hook

__all__ = ["has_hooks", "is_plain", "is_plain_conv3x3", "is_plain_tensor"]

_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


def has_hooks(module: nn.Module) -> bool:
    """
    Whether a call of a module runs code of somebody else besides: its own hooks, hooks on all modules, or a
    ``forward`` that was replaced.

    Args:
        module: any module.
    """
    replaced = {"forward", "_conv_forward"} & vars(module).keys()
    return bool(replaced) or any(vars(module)[name] for name in _HOOKS) or _has_any_global_hook()


def is_plain(conv: nn.Module) -> TypeGuard[_ConvNd]:
    """
    Whether a module is PyTorch's own convolution and nothing else, so that its weight and bias say all that it does.

    Wrappers, subclasses (such as parametrized convolutions), hooks (of pruning, weight norm, Grad-CAM, profilers) and
    weights of a tensor type of their own (quantized, distributed) make it more than that: it has to be called.

    Args:
        conv: any module.
    """
    if type(conv) not in (nn.Conv2d, nn.Conv3d) or has_hooks(conv):
        return False
    return torch.compiler.is_compiling() or is_plain_tensor(conv.weight)  # type: ignore[arg-type]


def is_plain_conv3x3(conv: nn.Module) -> TypeGuard[_ConvNd]:
    """
    Whether a module is a plain convolution with a 3x3 kernel, stride 1 and a border of one zero.

    Args:
        conv: any module.
    """
    if not is_plain(conv):
        return False
    ones = (1,) * len(conv.kernel_size)
    sizes = (conv.kernel_size, conv.stride, conv.padding, conv.dilation)
    return sizes == ((3,) * len(ones), ones, ones, ones) and conv.groups == 1 and conv.padding_mode == "zeros"


def is_plain_tensor(x: torch.Tensor) -> bool:
    """
    Whether operations on a tensor are PyTorch's own. A MetaTensor's are, a FakeTensor's are not.

    Args:
        x: any tensor.
    """
    return type(x).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
