# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Preparation of a trained network for fast inference."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
import torch.nn as nn
from monai.networks.blocks import ADN
from monai.networks.nets.resnet import ResNetBlock, ResNetBottleneck
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights

from .blocks import has_hooks, is_plain
from .compiled import compile_for_inference

__all__ = ["has_native_bfloat16", "prepare_for_inference"]


def prepare_for_inference(
    network: nn.Module,
    dtype: torch.dtype | None = None,
    compile: bool = False,
    compile_kwargs: Mapping[str, Any] | None = None,
) -> nn.Module:
    """
    A copy of a trained network that is faster and gives the same numbers.

    Batch norm is folded into the convolution before it, and in 2D channels are stored last, as convolutions
    are fastest with. The original is left as it is. The copy is for inference only: it is in evaluation mode, has no
    batch norm to train, and its weights no gradient.

    Args:
        network: :py:class:`monai_unet3plus.networks.nets.UNet3Plus` or another network of MONAI's convolution blocks,
            its weights loaded, on any device.
        dtype: number type of the copy's weights and computations, for instance ``torch.bfloat16``. A ``UNet3Plus``
            takes images of any type all the same, and its logits are in float32 at least. Defaults to None, the
            network's own.
        compile: whether to compile the copy by ``torch.compile``, with CUDA graphs on a GPU: for many windows of one
            size, since the first of a size waits for the compiler. Processors have faster forms without. MONAI's
            engines have such an argument too, which compiles ``forward`` only, not the ``encode`` and ``decode`` that
            :py:class:`monai_unet3plus.inferers.AdjacentSliceInferer` calls; with its ``crop_to_body`` sizes differ.
            A network that can't be compiled runs all the same, with a warning. Defaults to False.
        compile_kwargs: arguments of ``torch.compile``, in addition to ``fullgraph=True``, ``dynamic=False`` and, with
            PyTorch's own backend, ``mode="reduce-overhead"``. Defaults to None.

    Returns:
        the copy, equal to the network in evaluation mode to 1e-5 in float32.
    """
    prepared = copy.deepcopy(network).eval().requires_grad_(False)
    for module in prepared.modules():
        for conv, holder, name in _followed_by_norm(module):
            _fold_batch_norm(conv, holder, name)
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if dtype is not None:
        prepared.to(dtype)
    if compile:
        compile_for_inference(prepared, compile_kwargs)
    return prepared


def has_native_bfloat16(device: torch.device | str) -> bool:
    """
    Whether a device is a processor with instructions for products in bfloat16, AVX512-BF16 or AMX, that PyTorch uses;
    without them bfloat16 is slower than float32. Older versions of PyTorch do not tell, then it is False.

    Args:
        device: where the network runs.
    """
    if torch.device(device).type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    # the instructions that oneDNN, which computes convolutions, may use; ONEDNN_MAX_CPU_ISA limits them
    if not torch.backends.mkldnn.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _followed_by_norm(module: nn.Module) -> list[tuple[nn.Module, nn.Module, str]]:
    """The convolutions in a module with the module right after each: its holder and its name in there."""
    conv, adn = getattr(module, "conv", None), getattr(module, "adn", None)
    if isinstance(conv, nn.Module) and isinstance(adn, ADN):
        return [(conv, adn, name) for name, _ in list(adn.named_children())[:1]]
    if isinstance(module, (ResNetBlock, ResNetBottleneck)):
        names = [(f"conv{number}", f"bn{number}") for number in (1, 2, 3) if hasattr(module, f"conv{number}")]
    elif type(module) is nn.Sequential:
        names = list(pairwise(name for name, _ in module.named_children()))
    else:
        names = []
    return [(getattr(module, name), module, after) for name, after in names]


def _fold_batch_norm(conv: nn.Module, holder: nn.Module, name: str) -> None:
    """Fold the batch norm after a plain convolution into it."""
    norm = getattr(holder, name)
    if not (is_plain(conv) and isinstance(norm, _BatchNorm)) or has_hooks(norm):
        return
    if norm.running_mean is None or norm.running_var is None:
        return
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    setattr(holder, name, nn.Identity())
