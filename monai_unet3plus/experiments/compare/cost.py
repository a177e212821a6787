# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A system's network and loss, and the cost of a network: parameters and operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
from monai.bundle import ConfigParser
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ...losses import AnnotatedLoss, UNet3PlusLoss
from ...networks import prepare_for_inference

__all__ = ["System", "build", "count_flops", "count_gflop"]


@dataclass(frozen=True)
class System:
    """
    A system as its configs describe it.

    Args:
        network: with random weights, on the CPU.
        loss: the training loss.
    """

    network: nn.Module
    loss: nn.Module

    @property
    def parameters(self) -> int:
        """Number of the network's parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def loss_in_words(self) -> str:
        """The parts of the loss."""
        return _in_words(self.loss)


def build(bundle: Path, system: str, overrides: Mapping[str, Any]) -> System:
    """
    Build a system from the bundle's configs.

    Args:
        system: name of a file in its ``configs/systems``.
    """
    files = [bundle / "configs" / "train.json", bundle / "configs" / "systems" / f"{system}.json"]
    parser = ConfigParser(ConfigParser.load_config_files([str(file) for file in files]))
    parser.update(dict(overrides))
    return System(parser.get_parsed_content("network_def"), parser.get_parsed_content("loss"))


def count_gflop(network: nn.Module, size: Sequence[int]) -> float:
    """
    Count the work of inference on one slice, in billions of operations, with the network prepared as the bundle's
    inference does. With the classification-guided module every organ counts as present, so that it is decoded.

    Args:
        network: is changed.
        size: of the input, ``(1, C, H, W)``.
    """
    prepared: Any = prepare_for_inference(network)
    if getattr(prepared, "classification_guided", False):
        prepared.presence_head.conv.weight.zero_()
        prepared.presence_head.conv.bias.copy_(torch.tensor([0.0, 1.0] * prepared.out_channels))
    image = torch.rand(*size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        return count_flops(lambda: prepared(image)) / 1e9


def count_flops(function: Callable[[], object]) -> int:
    """
    Count the operations that a function computes, two for a multiplication and an addition.

    PyTorch's ``FlopCounterMode`` has a hook on all modules, so that every convolution is called: it counts those that
    the network is built of, not those that are computed.
    """
    with _FlopCounter() as counter:
        function()
    return counter.flops


class _FlopCounter(TorchDispatchMode):
    flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func._overloadpacket not in flop_registry:
            with self:  # inference mode shows some operations before they are taken apart
                parts = func.decompose(*args, **kwargs)
            return func(*args, **kwargs) if parts is NotImplemented else parts
        out = func(*args, **kwargs)
        self.flops += flop_registry[func._overloadpacket](*args, **kwargs, out_val=out)
        return out


def _in_words(loss: nn.Module) -> str:
    if isinstance(loss, AnnotatedLoss):
        return type(loss.loss).__name__.removesuffix("Loss")
    if not isinstance(loss, UNet3PlusLoss):
        return type(loss).__name__.removesuffix("Loss")
    pixelwise = "focal" if loss.focal.gamma else "cross-entropy"  # which the focal loss is without its exponent
    names = {"focal": pixelwise, "ms_ssim": "MS-SSIM", "iou": "IoU"}  # presence comes with the CGM alone
    return " + ".join(title for name, title in names.items() if loss.lambdas[name] > 0)
