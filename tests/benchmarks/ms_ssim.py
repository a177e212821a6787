# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time of MultiScaleSSIMLoss beside pytorch-msssim and a loss made of MONAI's compute_ms_ssim, forward and backward.

    python -m tests.benchmarks.ms_ssim [--shape 8 1 320 320] [--rounds 15] [--device cpu]

The three take turns in one process, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import logging
import platform
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

import monai
import pytorch_msssim
import torch
from monai.metrics.regression import compute_ms_ssim

from monai_unet3plus.losses import MultiScaleSSIMLoss

logger = logging.getLogger("ms_ssim")

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def losses(spatial_dims: int) -> dict[str, Loss]:
    window: dict[str, Any] = {"kernel_size": [11] * spatial_dims, "kernel_sigma": [1.5] * spatial_dims}
    return {
        "MultiScaleSSIMLoss": MultiScaleSSIMLoss(),
        "pytorch-msssim": lambda x, y: 1 - pytorch_msssim.ms_ssim(x, y, data_range=1.0),
        "MONAI compute_ms_ssim": lambda x, y: 1 - compute_ms_ssim(x, y, spatial_dims=spatial_dims, **window).mean(),
    }


def images(shape: list[int], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A noisy prediction of a block-shaped organ, and its mask."""
    generator = torch.Generator().manual_seed(0)
    target = torch.zeros(shape)
    target[(..., *[slice(n // 4, n // 2) for n in shape[2:]])] = 1
    return (0.7 * target + 0.2 * torch.rand(shape, generator=generator)).to(device), target.to(device)


def seconds_of(loss: Loss, x: torch.Tensor, y: torch.Tensor) -> float:
    x = x.clone().requires_grad_()
    synchronize(x)
    start = time.perf_counter()
    loss(x, y).backward()
    synchronize(x)
    return time.perf_counter() - start


def synchronize(x: torch.Tensor) -> None:
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs="+", default=[8, 1, 320, 320], help="batch, channels and axes")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()

    x, y = images(arguments.shape, arguments.device)
    contestants = losses(len(arguments.shape) - 2)
    device = torch.cuda.get_device_name(x.device) if x.is_cuda else platform.processor() or platform.machine()
    logger.info(
        "%s, %d threads, torch %s, MONAI %s", device, torch.get_num_threads(), torch.__version__, monai.__version__
    )
    logger.info("shape %s, float32, forward + backward, %d rounds", tuple(arguments.shape), arguments.rounds)
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(arguments.rounds + 1):
        for name, loss in contestants.items():
            elapsed = seconds_of(loss, x, y)
            if turn > 0:  # the first is for warming up
                seconds[name].append(elapsed)
    ours = median(seconds["MultiScaleSSIMLoss"])
    for name, found in seconds.items():
        low, _, high = quantiles(found, n=4)
        logger.info(
            "%-22s value %.6f  median %.1f ms, quartiles %.1f to %.1f ms; MultiScaleSSIMLoss takes %.2f of it",
            name,
            contestants[name](x, y).item(),
            *(1e3 * t for t in (median(found), low, high)),
            ours / median(found),
        )


if __name__ == "__main__":
    main()
