# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Shared by the benchmarks: contestants that take turns, and the machine that they ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles

import torch
import torch.nn.functional as F

from monai_unet3plus.networks import has_native_bfloat16

Contestants = Mapping[str, Callable[[], object]]


def seconds(contestants: Contestants, rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """
    Time contestants in turns, so that whatever else the machine does meets all of them.

    Args:
        contestants: functions by name.
        rounds: how often each is timed.
        warm_up: how often each is called before. Defaults to 1.
    """
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(warm_up + rounds):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            contestant()
            if turn >= warm_up:
                found[name].append(time.perf_counter() - start)
    return found


def train_step(
    forward: Callable[[], Sequence[torch.Tensor]], target: torch.Tensor, parameters: Iterable[torch.Tensor]
) -> None:
    """
    A forward and a backward pass with binary cross-entropy, summed over side outputs; gradients are let go of.

    Args:
        forward: gives the logits of the side outputs.
        target: of each of them.
        parameters: whose gradients are computed.
    """
    sum(F.binary_cross_entropy_with_logits(logits.float(), target) for logits in forward()).backward()
    for tensor in parameters:
        tensor.grad = None


def spread(values: list[float]) -> str:
    """Median and quartiles."""
    low, _, high = quantiles(values, n=4)
    return f"{median(values):.3g} s ({low:.3g} to {high:.3g})"


def ratio(ours: list[float], theirs: list[float]) -> str:
    """Median and quartiles of the ratio, turn by turn."""
    low, middle, high = quantiles([a / b for a, b in zip(ours, theirs)], n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def matmul_flops(dtype: torch.dtype, size: int = 2048, rounds: int = 10, device: str = "cpu") -> float:
    """The best rate of a large matrix product, in FLOP per second: the machine's peak as far as PyTorch reaches it."""
    a = torch.rand(size, size, device=device).to(dtype)

    def product() -> None:
        a @ a
        if a.is_cuda:
            torch.cuda.synchronize()

    return 2 * size**3 / min(seconds({"product": product}, rounds)["product"])


def machine(gpu: bool = False) -> str:
    """
    Processor, threads, the settings that threads go by, and versions.

    Args:
        gpu: whether the GPU was at work too. Defaults to False.
    """
    info = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    processor = models[0] if models else platform.machine()
    names = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "MKL_THREADING_LAYER")
    settings = "".join(f", {name}={os.environ[name]}" for name in names if name in os.environ)
    threads = f"{torch.get_num_threads()} threads{settings}"
    parts = [f"{processor}, {_instructions()}, {threads}, torch {torch.__version__}, commit {_commit()}"]
    if gpu:
        cudnn = torch.backends.cudnn.version()
        parts.insert(0, f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, cuDNN {cudnn}")
    return "; ".join(parts)


def _instructions() -> str:
    """The instruction sets that PyTorch and oneDNN use here."""
    names = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    usable = [name for key, name in names.items() if found.get(key)] if has_native_bfloat16("cpu") else []
    level = torch.backends.cpu.get_cpu_capability()
    return f"{level} with {' and '.join(usable)}" if usable else level


def _commit() -> str:
    try:
        command = ["git", "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, capture_output=True, encoding="utf-8").stdout.strip() or "not known"
    except FileNotFoundError:  # no git
        return "not known"
