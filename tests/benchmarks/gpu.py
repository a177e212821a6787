# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time and memory of the network and of a whole CT on a GPU, beside the published network; writes docs/benchmarks.md.

    python -m tests.benchmarks.gpu [--rounds 7] [--size 320] [--output docs/benchmarks.md]

The published network is the direct re-statement that the tests measure the package by, with the same weights. Float32
is without TF32 (``torch.backends``); TF32 is float32 with it; bfloat16 is autocast. The whole CT is the one of
``tests.benchmarks.whole_ct``, made, and lies on the GPU; all of its slices are segmented.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F
from monai.inferers import SliceInferer, SlidingWindowInferer

from monai_unet3plus.experiments.compare.cost import count_flops, peak_bytes
from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map
from tests.benchmarks.paired import machine, matmul_flops, ratio, seconds, spread
from tests.benchmarks.sections import write_section
from tests.benchmarks.whole_ct import DEPTH, ORGAN, JudgedByBrightness, made_ct
from tests.networks.published import State, published_forward, published_shapes, random_state

logger = logging.getLogger("gpu")

BATCHES = (1, 8, 32)
TRAINING_BATCH = 8
PRECISIONS = ("float32", "TF32", "bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each contestant is timed")
    parser.add_argument("--size", type=int, default=320, help="height and width of the images")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if not torch.cuda.is_available():
        parser.error("no GPU that PyTorch can use was found")
    parts = []
    for part in (head, forward, training, whole_ct):
        parts.append(part(args.rounds, args.size))
        logger.info(parts[-1])
    if args.output:
        write_section(args.output, "\n".join(parts))


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Compute in one of the precisions, and set PyTorch back afterwards."""
    switches = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = precision == "TF32"
    try:
        with torch.autocast("cuda", torch.bfloat16) if precision == "bfloat16" else nullcontext():
            yield
    finally:
        for switch, value in zip(switches, before):
            switch.allow_tf32 = value


def waiting(run: Callable[[], object]) -> Callable[[], None]:
    """A function that is done when the GPU is."""

    def synchronized() -> None:
        run()
        torch.cuda.synchronize()

    return synchronized


@cache
def peaks() -> dict[str, float]:
    """Rates of large matrix products by precision, in FLOP per second; measured once, so that all shares have one."""
    found = {}
    for precision in PRECISIONS:
        with computing_in(precision):
            dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
            found[precision] = matmul_flops(dtype, size=8192, device="cuda")
    return found


def head(rounds: int, size: int) -> str:
    """The text above the tables."""
    rates = ", ".join(f"{rate / 1e12:.0f} TFLOP/s in {precision}" for precision, rate in peaks().items())
    return f"""# On a GPU

Written by `python -m tests.benchmarks.gpu --rounds {rounds} --size {size} --output docs/benchmarks.md`, whose
head explains the precisions.

{machine(gpu=True)}.
Images of 3 x {size} x {size}, the paper's width, random weights. Contestants take turns, {rounds} rounds after three to
warm up, and {of_ct(rounds)} after one for the whole CT; medians with quartiles, and ratios turn by turn. Memory is the
most that tensors hold at once beyond the weights.
Matrix products of 8192 x 8192, the peaks that shares refer to: {rates}.
"""


@torch.inference_mode()
def forward(rounds: int, size: int) -> str:
    """The table of forward passes."""
    state = on_gpu(random_state(published_shapes("UNet_3Plus")))
    network = prepare_for_inference(load_published_weights(UNet3Plus(), state).cuda())
    rates = peaks()
    rows = [
        "\n## Forward, `prepare_for_inference(UNet3Plus())`\n",
        "| batch | precision | slices/s | time of the published | memory | of the published | share of the peak |",
        "|---|---|---|---|---|---|---|",
    ]
    for batch in BATCHES:
        images = torch.rand(batch, 3, size, size, device="cuda")
        run = {"ours": lambda x=images: network(x), "theirs": lambda x=images: published_forward(state, x)}
        for precision in PRECISIONS:
            with computing_in(precision):
                memory = {name: peak_bytes(function, "cuda") for name, function in run.items()}
                flops = count_flops(run["ours"])
                found = seconds({name: waiting(function) for name, function in run.items()}, rounds, warm_up=3)
            middle = median(found["ours"])
            rows.append(
                f"| {batch} | {precision} | {batch / middle:.1f} | {ratio(found['ours'], found['theirs'])} "
                f"| {memory['ours'] / 2**30:.2f} GiB | {memory['ours'] / memory['theirs']:.2f} "
                f"| {flops / middle / rates[precision]:.0%} |"
            )
    return "\n".join(rows) + "\n"


def training(rounds: int, size: int) -> str:
    """The table of training steps."""
    state = on_gpu(random_state(published_shapes("UNet_3Plus_DeepSup")))
    ours = load_published_weights(UNet3Plus(deep_supervision=True), state).cuda().train()
    for name, tensor in state.items():
        tensor.requires_grad_(name.endswith(("weight", "bias")))
    images = torch.rand(TRAINING_BATCH, 3, size, size, device="cuda")
    target = (images[:, :1] > 0.5).float()

    def step(predict: Callable[[], list[torch.Tensor]], precision: str) -> None:
        with computing_in(precision):
            logits = predict()
            sum(F.binary_cross_entropy_with_logits(output.float(), target) for output in logits).backward()
        for tensor in (*state.values(), *ours.parameters()):
            tensor.grad = None

    rows = [
        f"\n## Training step: forward and backward, five side outputs, batch {TRAINING_BATCH}\n",
        "| precision | slices/s | time of the published | time of ours in float32 | memory | of the published |",
        "|---|---|---|---|---|---|",
    ]
    run: dict[str, Callable[[], None]] = {}
    for precision in PRECISIONS:
        run[f"ours {precision}"] = partial(step, lambda: ours(images), precision)
        run[f"theirs {precision}"] = partial(step, lambda: published_forward(state, images).logits, precision)
    memory = {name: peak_bytes(function, "cuda") for name, function in run.items()}
    found = seconds({name: waiting(function) for name, function in run.items()}, rounds, warm_up=3)
    for precision in PRECISIONS:
        mine, published = f"ours {precision}", f"theirs {precision}"
        rows.append(
            f"| {precision} | {TRAINING_BATCH / median(found[mine]):.1f} | {ratio(found[mine], found[published])} "
            f"| {ratio(found[mine], found['ours float32'])} "
            f"| {memory[mine] / 2**30:.2f} GiB | {memory[mine] / memory[published]:.2f} |"
        )
    return "\n".join(rows) + "\n"


@torch.inference_mode()
def whole_ct(rounds: int, size: int) -> str:
    """The table of a whole CT."""
    state = on_gpu(random_state(published_shapes("UNet_3Plus_DeepSup_CGM")))
    network = load_published_weights(UNet3Plus(deep_supervision=True, classification_guided=True), state).cuda()
    plain = {name: tensor for name, tensor in state.items() if name in published_shapes("UNet_3Plus")}
    guided = JudgedByBrightness(prepare_for_inference(network))
    volume = torch.from_numpy(made_ct(DEPTH))[None, None].cuda()
    windows = {"roi_size": (size, size), "sw_batch_size": 32, "overlap": 0.25, "mode": "gaussian"}
    published = SliceInferer(**windows, spatial_dim=2)

    def ours(slices: int) -> None:
        inferer = AdjacentSliceInferer(
            SlidingWindowInferer(**windows), slice_batch_size=slices, postprocess=logits_to_label_map
        )
        inferer(volume, guided)

    def theirs() -> None:
        published(volume.expand(-1, 3, -1, -1, -1), lambda image: published_forward(plain, image).logits[0])

    run = {
        "published network, `SliceInferer`": theirs,
        "`UNet3Plus`, `AdjacentSliceInferer`": partial(ours, 1),
        "the same, 8 slices at a time": partial(ours, 8),
    }
    first = next(iter(run))
    rows = [
        f"\n## A whole CT, {' x '.join(map(str, volume.shape[2:]))}, organ in {len(ORGAN)} slices\n",
        f"Windows of {size} x {size}, overlap 0.25, up to 32 at a time; no air is skipped.\n",
        "| precision | | time | of the published |",
        "|---|---|---|---|",
    ]
    for precision in PRECISIONS:
        with computing_in(precision):
            found = seconds({name: waiting(function) for name, function in run.items()}, of_ct(rounds))
        rows += [
            f"| {precision} | {name} | {spread(values)} | {ratio(values, found[first])} |"
            for name, values in found.items()
        ]
    return "\n".join(rows) + "\n"


def of_ct(rounds: int) -> int:
    return max(rounds // 2, 3)


def on_gpu(state: State) -> State:
    return {name: tensor.cuda() for name, tensor in state.items()}


if __name__ == "__main__":
    main()
