# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The table of the network on a GPU; its rows are empty where none is at hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from monai_unet3plus.networks import load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from tests.benchmarks.paired import matmul_flops, ratio, seconds
from tests.networks.published import State, published_forward, published_shapes, random_state

BATCHES = (1, 8, 32)
PRECISIONS = ("float32", "TF32", "bfloat16")
HEADER = """
## GPU, forward

| batch | precision | slices/s | time of the published | peak memory | share of the peak |
|---|---|---|---|---|---|
"""


def page(size: int, rounds: int) -> str:
    """
    The table, filled on the first GPU, if there is one.

    Args:
        size: height and width of the images.
        rounds: how often each contestant is timed.
    """
    cases = [(batch, precision) for batch in BATCHES for precision in PRECISIONS]
    if not torch.cuda.is_available():
        rows = [f"| {batch} | {precision} | not measured | | | |" for batch, precision in cases]
        return HEADER + "\n".join(rows) + "\n\nNo GPU was at hand. Nor was a whole CT timed on one.\n"
    state = {name: tensor.cuda() for name, tensor in random_state(published_shapes("UNet_3Plus")).items()}
    network = prepare_for_inference(load_published_weights(UNet3Plus(), state).cuda())
    rows = [_row(network, state, batch, precision, size, rounds) for batch, precision in cases]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return HEADER + "\n".join(rows) + f"\n\n{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}.\n"


@torch.inference_mode()
def _row(network: nn.Module, state: State, batch: int, precision: str, size: int, rounds: int) -> str:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "TF32"
    images = torch.rand(batch, 3, size, size, device="cuda").contiguous(memory_format=torch.channels_last)
    lower = precision == "bfloat16"

    def run(forward: Callable[[], object]) -> Callable[[], None]:
        def synchronized() -> None:
            context: AbstractContextManager = torch.autocast("cuda", torch.bfloat16) if lower else nullcontext()
            with context:
                forward()
            torch.cuda.synchronize()

        return synchronized

    ours, theirs = run(lambda: network(images)), run(lambda: published_forward(state, images))
    held = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    ours()
    memory = torch.cuda.max_memory_allocated() - held
    with FlopCounterMode(display=False) as counter:
        ours()
    found = seconds({"ours": ours, "theirs": theirs}, rounds, warm_up=3)
    best = min(found["ours"])
    peak = matmul_flops(torch.bfloat16 if lower else torch.float32, size=8192, device="cuda")
    return (
        f"| {batch} | {precision} | {batch / best:.1f} | {ratio(found['ours'], found['theirs'])} "
        f"| {memory / 2**30:.2f} GiB | {counter.get_total_flops() / best / peak:.0%} |"
    )
