# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time and memory of the network beside the published one and MONAI's, on a CPU; writes docs/benchmarks.md.

    python -m tests.benchmarks.network [--rounds 9] [--size 320] [--output docs/benchmarks.md]

The published network is the direct re-statement that the tests measure the package by, with the same weights. In
training its batch norm uses the running statistics, which is a little less work than ours.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from monai.networks.nets import AttentionUnet, BasicUNetPlusPlus

from monai_unet3plus.experiments.compare.cost import count_flops
from monai_unet3plus.networks import has_native_bfloat16, load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from tests.benchmarks.paired import machine, matmul_flops, ratio, seconds, spread, train_step
from tests.benchmarks.sections import write_section
from tests.memory import peak_bytes
from tests.networks.published import FULL_WIDTHS, published_forward, published_shapes, random_state, require_gradients

logger = logging.getLogger("network")

Run = Callable[[], object]
PUBLISHED, OURS = "published network", "`UNet3Plus`"
PREPARED = "`prepare_for_inference(UNet3Plus())`"
IN_BFLOAT16 = ", bfloat16 autocast"
NO_BFLOAT16 = "\nThis processor has no instructions for bfloat16, so bfloat16 is not timed.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=320, help="height and width of the image")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    image = torch.rand(1, 3, args.size, args.size, generator=torch.Generator().manual_seed(0))
    parts = [
        head(args.rounds, args.size),
        inference(image, args.rounds),
        training(image, args.rounds),
        organ_free_slice(image, args.rounds),
        *([] if has_native_bfloat16("cpu") else [NO_BFLOAT16]),
        HOW,
    ]
    page = "\n".join(parts)
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def head(rounds: int, size: int) -> str:
    return f"""# Performance

`python -m tests.benchmarks.network --rounds {rounds} --size {size} --output docs/benchmarks.md` writes this section.

{machine()}.
Each network gets one image of 3 x {size} x {size}, has the paper's width, and computes in float32 unless the row says
otherwise. The networks take turns, {rounds} rounds after one to warm up. Times are medians with quartiles, and ratios
are computed for each round. Memory is the most that all tensors hold at once, without the weights and without the
memory that libraries below PyTorch use. The peak of the processor is the best rate of matrix products of 2048 x 2048,
measured between the rounds.
"""


def inference(image: torch.Tensor, rounds: int) -> str:
    """The table of forward passes."""
    state = random_state(published_shapes("UNet_3Plus"))
    ours = load_published_weights(UNet3Plus(), state).eval()
    prepared, lower = prepare_for_inference(ours), prepare_for_inference(ours, torch.bfloat16)
    plus_plus = BasicUNetPlusPlus(2, 3, 1, features=(*FULL_WIDTHS, FULL_WIDTHS[0])).eval()
    attention = AttentionUnet(2, 3, 1, channels=FULL_WIDTHS, strides=(2, 2, 2, 2)).eval()
    contestants: dict[str, Run] = {
        PUBLISHED: lambda: published_forward(state, image),
        OURS: lambda: ours(image),
        PREPARED: lambda: prepared(image),
        PUBLISHED + IN_BFLOAT16: in_bfloat16(lambda: published_forward(state, image)),
        OURS + IN_BFLOAT16: in_bfloat16(lambda: ours(image)),
        "`prepare_for_inference(UNet3Plus(), torch.bfloat16)`": lambda: lower(image),
        "MONAI `BasicUNetPlusPlus`, equal widths": lambda: plus_plus(image),
        "MONAI `AttentionUnet`, equal widths": lambda: attention(image),
    }
    with torch.inference_mode():
        return "\n## Forward\n\n" + table(contestants, rounds)


def training(image: torch.Tensor, rounds: int) -> str:
    """The table of training steps."""
    shapes = published_shapes("UNet_3Plus_DeepSup")
    state = random_state(shapes)
    ours = load_published_weights(UNet3Plus(deep_supervision=True), state).train()
    require_gradients(state)
    target = (image[:, :1] > 0.5).float()

    def step(forward: Callable[[], list[torch.Tensor]]) -> None:
        train_step(forward, target, (*state.values(), *ours.parameters()))

    def published() -> list[torch.Tensor]:
        return published_forward(state, image).logits

    def package() -> list[torch.Tensor]:
        return ours(image)

    contestants: dict[str, Run] = {
        PUBLISHED: lambda: step(published),
        OURS: lambda: step(package),
        PUBLISHED + IN_BFLOAT16: lambda: step(in_bfloat16(published)),
        OURS + IN_BFLOAT16: lambda: step(in_bfloat16(package)),
    }
    return "\n## Training step: forward and backward, five side outputs\n\n" + table(contestants, rounds)


def in_bfloat16(forward: Callable[[], Any]) -> Callable[[], Any]:
    return torch.autocast("cpu", dtype=torch.bfloat16)(forward)


def organ_free_slice(image: torch.Tensor, rounds: int) -> str:
    """The time of a slice without organs, with the classification-guided module."""
    network = prepare_for_inference(UNet3Plus(classification_guided=True))
    state = random_state(published_shapes("UNet_3Plus"))
    bias = network.presence_head.conv.bias
    verdicts = {"with an organ": torch.tensor([-1e6, 1e6]), "without": torch.tensor([1e6, -1e6])}

    def judged(verdict: torch.Tensor) -> Run:
        def run() -> None:
            bias.copy_(verdict)
            network(image)

        return run

    with torch.inference_mode():
        runs: dict[str, Run] = {name: judged(verdict) for name, verdict in verdicts.items()}
        found = seconds({**runs, PUBLISHED: lambda: published_forward(state, image)}, rounds)
    ours, theirs = (ratio(found["without"], found[name]) for name in ("with an organ", PUBLISHED))
    return (
        "\n## Classification-guided module\n\n"
        f"A slice without any organ takes {spread(found['without'])}. A slice with an organ takes\n"
        f"{spread(found['with an organ'])}; the ratio is {ours}. The ratio to the\n"
        f"published network, which decodes every slice, is {theirs}.\n"
    )


def table(contestants: dict[str, Run], rounds: int) -> str:
    if not has_native_bfloat16("cpu"):
        contestants = {name: run for name, run in contestants.items() if "bfloat16" not in name}
    memory = {name: peak_bytes(run) for name, run in contestants.items()}
    flops = {name: count_flops(run) for name, run in contestants.items()}
    peaks = {torch.bfloat16 if "bfloat16" in name else torch.float32: 0.0 for name in contestants}

    def measure_peaks() -> None:
        for dtype, best in peaks.items():
            peaks[dtype] = max(best, matmul_flops(dtype, rounds=3))

    found = seconds({**contestants, "peaks": measure_peaks}, rounds)
    rows = [
        "| | time | of the published | of the published in bfloat16 | memory | of the published | GFLOP "
        "| share of the peak |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in contestants:
        lower = "bfloat16" in name
        rows.append(
            f"| {name} | {spread(found[name])} | {ratio(found[name], found[PUBLISHED])} "
            f"| {ratio(found[name], found[PUBLISHED + IN_BFLOAT16]) if lower else ''} "
            f"| {memory[name] / 2**30:.2f} GiB | {memory[name] / memory[PUBLISHED]:.2f} | {flops[name] / 1e9:.0f} "
            f"| {flops[name] / median(found[name]) / peaks[torch.bfloat16 if lower else torch.float32]:.0%} |"
        )
    in_words = [f"{peak / 1e9:.0f} GFLOP/s in {str(dtype).removeprefix('torch.')}" for dtype, peak in peaks.items()]
    rows += ["", f"The peaks: {', '.join(in_words)}."]
    return "\n".join(rows) + "\n"


HOW = """
## Why it is faster

- Up-sampled branches are computed at low resolution: a 1x1 convolution, then one small matrix for each axis
  (`networks/blocks/upsampled_conv.py`).
- On a CPU, 3x3 convolutions of many channels use Winograd's minimal filtering (`networks/blocks/winograd.py`). In
  float32 it works on tiles of 4x4 pixels and needs a quarter of the multiplications. In bfloat16 it works on tiles of
  2x2. Processors with AMX do not use it in bfloat16, because there the direct convolutions took 0.73 of its time
  (forward, 256 x 256).
- Convolutions to one or two channels add shifted maps, one for each tap of the kernel (`networks/blocks/convolve.py`).
- These forms replace plain `nn.Conv2d` and `nn.Conv3d` only (`networks/blocks/plain.py`). A module of another class, or
  one with hooks, is called as usual.
- On CPUs, 2D maps and their gradients are stored channels last (`networks/blocks/image_format.py`). Otherwise the
  backward pass of batch norm would be several times as slow.
- For inference, batch norm is folded into the convolutions.

GFLOP counts the computed operations by PyTorch's formulas. These formulas do not count in-place products, which compute
the gradient of the Winograd kernels.

These variants were tried by hand and not kept; there are no figures. Tiles of 2x2 and 3x3 in float32 were slower. Other
points for tiles of 4x4 had larger rounding errors. A channels-last form of the up-sampled branches was not faster, and
`torch.export` restricts it to some sizes. Winograd transforms in bfloat16 as sums of slices were slower and had larger
rounding errors. Weights in bfloat16 instead of autocast were not faster, but took half the memory. The sizes from which
Winograd's form is used were found by hand too.
"""


if __name__ == "__main__":
    main()
