# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The cost of a network: parameters, operations, time and memory for one slice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.nn as nn
from monai.bundle import ConfigParser
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ...losses import AnnotatedLoss, UNet3PlusLoss
from ...networks import prepare_for_inference

__all__ = ["Cost", "System", "build", "count_flops", "measure", "peak_bytes"]

_ROUNDS = 5


@dataclass(frozen=True)
class System:
    """
    A system as its configs describe it.

    Args:
        network: with random weights, on the CPU.
        loss: the training loss, in words.
        input_shape: of a slab of slices, ``(1, num_slices, H, W)``, the size that the bundle's windows have.
    """

    network: nn.Module
    loss: str
    input_shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Number of the network's parameters."""
        return sum(parameter.numel() for parameter in self.network.parameters())


@dataclass(frozen=True)
class Cost:
    """
    The cost of inference on one slice.

    Args:
        gflop: billions of operations, two for a multiplication and an addition, as PyTorch counts the operations that
            run.
        slices_per_second: the median of some runs.
        peak_bytes: the most memory that tensors hold at once beyond weights and input.
    """

    gflop: float
    slices_per_second: float
    peak_bytes: int


def build(config_files: Sequence[Path], overrides: Mapping[str, Any]) -> System:
    """
    Build a system from the bundle's configs.

    Args:
        config_files: later ones override earlier ones.
        overrides: for the configs.
    """
    parser = ConfigParser(ConfigParser.load_config_files([str(file) for file in config_files]))
    parser.update(dict(overrides))
    network, loss = (parser.get_parsed_content(name) for name in ("network_def", "loss"))
    size = [320 if side < 1 else side for side in parser.get_parsed_content("roi_size")]  # -1: as large as the slice
    return System(network, _in_words(loss), (1, parser.get_parsed_content("num_slices"), *size))


def measure(system: System, device: str) -> Cost:
    """
    Run the network as the bundle's inference does, prepared and in float32, on random numbers. With the
    classification-guided module it judges every organ present.

    Args:
        system: the system to measure.
        device: "cpu", or a GPU.
    """
    network: Any = prepare_for_inference(system.network).to(device)
    if getattr(network, "classification_guided", False):  # as for a slice with organs, which is decoded
        network.presence_head.conv.weight.zero_()
        network.presence_head.conv.bias.copy_(torch.tensor([0.0, 1.0] * network.out_channels))
    image = torch.rand(system.input_shape, generator=torch.Generator().manual_seed(0)).to(device)
    gpu = image.is_cuda

    def run() -> None:
        network(image)
        if gpu:
            torch.cuda.synchronize(image.device)

    with torch.inference_mode():
        operations = count_flops(run)
        memory = peak_bytes(run, image.device)
        seconds = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return Cost(operations / 1e9, 1 / median(seconds), memory)


def count_flops(function: Callable[[], object]) -> int:
    """
    Count the operations that a function computes, two for a multiplication and an addition.

    PyTorch's ``FlopCounterMode`` has a hook on all modules, so that every convolution is called: it counts those that
    the network is built of, not those that are computed.

    Args:
        function: is called once.
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


def peak_bytes(function: Callable[[], object], device: torch.device | str = "cpu") -> int:
    """
    The most memory for tensors that a function holds at once, beyond those that were there before.

    Args:
        function: is called once.
        device: whose memory, that of the CPU or of a GPU. Defaults to "cpu".
    """
    if torch.device(device).type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        function()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def _in_words(loss: nn.Module) -> str:
    if isinstance(loss, AnnotatedLoss):
        return type(loss.loss).__name__
    if not isinstance(loss, UNet3PlusLoss):
        return type(loss).__name__
    pixelwise = "focal" if loss.focal.gamma else "cross-entropy"  # which the focal loss is without its exponent
    names = {"focal": pixelwise, "ms_ssim": "MS-SSIM", "iou": "IoU"}  # presence comes with the CGM alone
    return " + ".join(title for name, title in names.items() if loss.lambdas[name] > 0)
