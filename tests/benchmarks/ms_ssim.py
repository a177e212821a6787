# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time of MultiScaleSSIMLoss beside pytorch-msssim and a loss made of MONAI's compute_ms_ssim, forward and backward.

    python -m tests.benchmarks.ms_ssim [--shape 8 1 320 320] [--rounds 15] [--device cpu] [--output docs/benchmarks.md]

The three take turns in one process, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_msssim
import torch
from monai.metrics.regression import compute_ms_ssim

from monai_unet3plus.losses import MultiScaleSSIMLoss
from tests.benchmarks.paired import machine, ratio, seconds, spread
from tests.benchmarks.sections import write_section

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs="+", default=[8, 1, 320, 320], help="batch, channels and axes")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    x, y = images(args.shape, args.device)
    contestants = losses(len(args.shape) - 2)
    found = seconds({name: lambda loss=loss: backward(loss, x, y) for name, loss in contestants.items()}, args.rounds)
    ours = found["MultiScaleSSIMLoss"]
    rows = [
        f"| {name} | {contestants[name](x, y).item():.6f} | {spread(theirs)} | {ratio(ours, theirs)} |"
        for name, theirs in found.items()
    ]
    page = f"""# The MS-SSIM loss

`python -m tests.benchmarks.ms_ssim --output docs/benchmarks.md` writes this section: forward and backward pass of a
prediction of shape {tuple(args.shape)} in float32, {args.rounds} rounds; medians with quartiles.

{machine(gpu=x.is_cuda)}.

| loss | value | time | `MultiScaleSSIMLoss` takes of it |
|---|---|---|---|
{chr(10).join(rows)}
"""
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def backward(loss: Loss, x: torch.Tensor, y: torch.Tensor) -> None:
    """A forward and a backward pass."""
    loss(x.clone().requires_grad_(), y).backward()
    if x.is_cuda:
        torch.cuda.synchronize(x.device)


if __name__ == "__main__":
    main()
