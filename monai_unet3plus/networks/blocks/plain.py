# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether calling a convolution does nothing but convolve."""

from __future__ import annotations

import torch
import torch.nn as nn
from torch.nn.modules.module import _has_any_global_hook

__all__ = ["has_hooks", "is_plain"]

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


def is_plain(conv: nn.Module) -> bool:
    """
    Whether a module is PyTorch's own convolution and nothing else, so that its weight and bias say all that it does.

    Wrappers, subclasses (such as parametrized convolutions), hooks (of pruning, weight norm, Grad-CAM, profilers) and
    weights that are tensors of a special kind (quantized, distributed) make it more than that: it has to be called.

    Args:
        conv: any module.
    """
    if type(conv) not in (nn.Conv2d, nn.Conv3d) or has_hooks(conv):
        return False
    return torch.compiler.is_compiling() or is_plain_tensor(conv.weight)


def is_plain_tensor(x: torch.Tensor) -> bool:
    """
    Whether operations on a tensor are PyTorch's own. A MetaTensor's are, a FakeTensor's are not.

    Args:
        x: any tensor.
    """
    return type(x).__torch_dispatch__ is torch.Tensor.__torch_dispatch__
