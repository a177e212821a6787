# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Resident memory of the network and of the published one on a CPU; writes docs/benchmarks.md.

    python -m tests.benchmarks.resident_memory [--size 320] [--runs 1] [--output docs/benchmarks.md]

That is what the operating system counts (``ru_maxrss``), with the memory that libraries under PyTorch take for
themselves, which ``tests.benchmarks.network`` leaves out: the peak of a process that makes a network of random weights
and calls it once, less that of a process that imports the same modules. The published network is the direct
re-statement that the tests measure the package by.

    ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1 python -m tests.benchmarks.resident_memory

shows a processor without AVX512 and bfloat16.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch

from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from tests.benchmarks.paired import machine, train_step
from tests.benchmarks.sections import write_section
from tests.networks.published import published_forward, published_shapes, random_state, require_gradients

logger = logging.getLogger("resident_memory")

PUBLISHED, OURS, PREPARED = "published network", "`UNet3Plus`", "`prepare_for_inference(UNet3Plus())`"
CHECKPOINTED = "`UNet3Plus(use_checkpoint=True)`"
NOTHING = "import"
# glibc raises the size from which on freed memory goes back to the system, up to 32 MiB, unless it is set
ENVIRONMENTS: tuple[dict[str, str], ...] = ({}, {"MALLOC_MMAP_THRESHOLD_": str(2**23)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=320, help="height and width of the image")
    parser.add_argument("--runs", type=int, default=1, help="processes for each row, of which the median counts")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    parser.add_argument("--measure", nargs=2, metavar=("PART", "NETWORK"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.measure:
        measure(*args.measure, torch.rand(1, 3, args.size, args.size))
        return
    page = "\n".join([head(args.runs, args.size), *table(args.runs, args.size)]) + "\n"
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def head(runs: int, size: int) -> str:
    capability = torch.backends.cpu.get_cpu_capability()
    return f"""# Resident memory on a CPU, {capability}

`python -m tests.benchmarks.resident_memory --size {size} --runs {runs} --output docs/benchmarks.md` writes this
section. The head of the program explains how it measures.

{machine()}.
One image of 3 x {size} x {size}, float32, the paper's width. Memory is the peak of a process with its weights, less
the peak of a process that only imports the packages. Number of processes, of which the median is given: {runs}.
In the last two columns, `MALLOC_MMAP_THRESHOLD_=8388608` was set: glibc then returns freed maps of 8 MiB or more to
the system.
"""


def table(runs: int, size: int) -> list[str]:
    """The rows of the table."""
    rows = ["| | | resident memory | ratio to the published | with a fixed threshold | ratio to the published |"]
    rows.append("|" + "---|" * 6)
    imported = [median(peaks(NOTHING, NOTHING, runs, size, environment)) for environment in ENVIRONMENTS]
    parts = [("forward", (PUBLISHED, OURS, PREPARED)), ("training step", (PUBLISHED, OURS, CHECKPOINTED))]
    for part, networks in parts:
        published: list[float] = []
        for network in networks:
            found = [median(peaks(part, network, runs, size, environment)) for environment in ENVIRONMENTS]
            held = [peak - before for peak, before in zip(found, imported)]
            published = published or held
            cells = [f"{peak / 2**30:.2f} GiB | {peak / other:.2f}" for peak, other in zip(held, published)]
            rows.append(f"| {part} | {network} | {' | '.join(cells)} |")
            logger.info("%s", rows[-1])
    return rows


def peaks(part: str, network: str, runs: int, size: int, environment: Mapping[str, str]) -> list[int]:
    """Bytes that processes held at most."""
    command = [sys.executable, "-m", "tests.benchmarks.resident_memory", "--size", str(size)]
    command += ["--measure", part, network]
    options: dict[str, Any] = {
        "check": True,
        "capture_output": True,
        "text": True,
        "env": {**os.environ, **environment},
    }
    return [int(subprocess.run(command, **options).stdout.split()[-1]) for _ in range(runs)]


def measure(part: str, network: str, image: torch.Tensor) -> None:
    """Run one network once, and log the peak of this process in bytes."""
    if part == "forward":
        with torch.inference_mode():
            predictor(network)(image)
    elif part == "training step":
        train(network, image)
    logger.info("%d", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10)


def predictor(network: str) -> Callable[[torch.Tensor], object]:
    """A network in evaluation mode."""
    if network == PUBLISHED:
        state = random_state(published_shapes("UNet_3Plus"))
        return lambda image: published_forward(state, image)
    ours = UNet3Plus().eval()
    return ours if network == OURS else prepare_for_inference(ours)


def train(network: str, image: torch.Tensor) -> None:
    """Forward and backward with five side outputs."""
    target = (image[:, :1] > 0.5).float()
    if network == PUBLISHED:
        state = random_state(published_shapes("UNet_3Plus_DeepSup"))
        require_gradients(state)
        train_step(lambda: published_forward(state, image).logits, target, state.values())
    else:
        ours = UNet3Plus(deep_supervision=True, use_checkpoint=network == CHECKPOINTED).train()
        train_step(lambda: ours(image), target, ours.parameters())


if __name__ == "__main__":
    main()
