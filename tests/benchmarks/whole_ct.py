# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole CT under the inferer beside the published network under MONAI's SliceInferer, on a CPU, for docs/benchmarks.md.

    python -m tests.benchmarks.whole_ct [--every 8] [--output docs/benchmarks.md]

The CT is made: 512 x 512 x 119 voxels, an elliptic body in air, a bright organ in a third of the slices. Weights are
random, so the classifier's verdict is replaced, after its work is done, by whether the middle slice is bright; the
published network has no such module and decodes all. Only every 8th slice is timed, alone, its neighbours being the
slice itself. Windows are 320 x 320 with an overlap of 0.25 and gaussian weights, four at a time.
"""

from __future__ import annotations

import argparse
import logging
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from monai.inferers import SliceInferer, SlidingWindowInferer
from torch import nn

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import has_native_bfloat16, load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map
from tests.benchmarks.paired import machine, ratio, seconds
from tests.benchmarks.sections import write_section
from tests.networks.published import published_forward, published_shapes, random_state

logger = logging.getLogger("whole_ct")

DEPTH = 119
ORGAN = range(40, 80)
BRIGHT = 0.9  # of the organ, after the window is scaled to 0..1
PUBLISHED, OURS = "published network, `SliceInferer`", "`UNet3Plus`, `AdjacentSliceInferer`"
SKIPPING, WHOLE, LOWER = OURS + ", air skipped", OURS + ", whole slices", OURS + ", bfloat16"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=8, help="which slices are timed")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.memory:
        memory(args.every, args.memory)
        return
    command = [sys.executable, "-m", "tests.benchmarks.whole_ct", "--every", str(args.every), "--memory"]
    four, one = (
        subprocess.run([*command, str(at_once)], check=True, capture_output=True, text=True).stdout.split()[-1]
        for at_once in (4, 1)
    )
    page = times(args.every) + (
        f"\nBeyond the volume itself, our process needs {four} GiB of resident memory at most, or {one} GiB with one "
        "window at a time.\n"
    )
    logger.info(page)
    if args.output:
        write_section(args.output, page)


class JudgedByBrightness:
    """A network whose classifier works, and is then overruled: an organ is where the middle slice is bright."""

    classification_guided = True
    out_channels = 1

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.bright = torch.zeros(0, dtype=torch.bool)

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        self.bright = x[:, 1].flatten(1).amax(dim=1) > BRIGHT
        return self.network.encode(x)

    def presence_head(self, deepest: torch.Tensor) -> torch.Tensor:
        self.network.presence_head(deepest)
        return torch.stack([~self.bright, self.bright], dim=-1)[:, None].float()

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return self.network.decode(maps)


def made_slices(depth: int) -> Iterator[np.ndarray]:
    """Slices ``(512, 512)`` with values as after the window is scaled to 0..1."""
    rng = np.random.default_rng(0)
    y, x = np.ogrid[-1:1:512j, -1:1:512j]
    body, organ = (x / 0.8) ** 2 + (y / 0.55) ** 2 < 1, ((x + 0.3) / 0.3) ** 2 + (y / 0.3) ** 2 < 1
    for z in range(depth):
        values = body * (0.4 + 0.1 * rng.random((512, 512)))
        yield np.where(organ & (z in ORGAN), 0.95, values)


def made_ct(depth: int) -> np.ndarray:
    """The slices as a volume, ``(512, 512, depth)``."""
    return np.stack([values.astype(np.float32) for values in made_slices(depth)], axis=-1)


def contestants(at_once: int = 4) -> dict[str, object]:
    """The contestants, functions of a volume ``(1, 1, 512, 512, D)``, by name."""
    windows = {"roi_size": (320, 320), "sw_batch_size": at_once, "overlap": 0.25, "mode": "gaussian"}
    state = random_state(published_shapes("UNet_3Plus_DeepSup_CGM"))
    network = load_published_weights(UNet3Plus(deep_supervision=True, classification_guided=True), state)
    plain = {name: value for name, value in state.items() if name in published_shapes("UNet_3Plus")}
    guided, lower = (JudgedByBrightness(prepare_for_inference(network, dtype)) for dtype in (None, torch.bfloat16))
    ours = partial(AdjacentSliceInferer, postprocess=logits_to_label_map)
    in_windows, in_body = (ours(SlidingWindowInferer(**windows), air_threshold=threshold) for threshold in (None, 0.0))
    published = SliceInferer(**windows, spatial_dim=2)
    return {
        PUBLISHED: lambda x: published(
            x.expand(-1, 3, -1, -1, -1), lambda image: published_forward(plain, image).logits[0]
        ),
        OURS: lambda x: in_windows(x, guided),
        SKIPPING: lambda x: in_body(x, guided),
        WHOLE: lambda x: ours()(x, guided),
        **({LOWER: lambda x: in_windows(x, lower)} if has_native_bfloat16("cpu") else {}),
    }


@torch.inference_mode()
def times(every: int) -> str:
    """The table of times."""
    volume, functions = torch.from_numpy(made_ct(DEPTH))[None, None], contestants()
    chosen = range(every // 2, DEPTH, every)
    found: dict[str, list[float]] = {name: [] for name in functions}
    for turn, z in enumerate([chosen[0], *chosen]):  # the first one twice, to warm up
        for name, (second,) in seconds(
            {n: partial(f, volume[..., z : z + 1]) for n, f in functions.items()}, 1, 0
        ).items():
            if turn > 0:
                found[name].append(second)
    present = [z in ORGAN for z in chosen]
    rows = ["| | time | of the published | slices with the organ | without |", "|---|---|---|---|---|"]
    for name, values in found.items():
        parts = [
            ratio(*([v for v, p in zip(series, present) if p == wanted] for series in (values, found[PUBLISHED])))
            for wanted in (True, False)
        ]
        share = sum(values) / sum(found[PUBLISHED])
        rows.append(f"| {name} | {sum(values):.0f} s | {share:.2f} | {parts[0]} | {parts[1]} |")
    table = "\n".join(rows)
    return f"""# A whole CT

`python -m tests.benchmarks.whole_ct --output docs/benchmarks.md` writes this section. The head of the program explains
how the CT is made and which parts are replaced.

{machine()}.
The networks have the paper's width, and compute in float32 unless the row says otherwise. Every {every}th of {DEPTH}
slices is timed, {len(chosen)} in all, {sum(present)} of them with the organ. The networks take turns, slice by slice.
The published network decodes every slice.

{table}
"""


@torch.inference_mode()
def memory(every: int, at_once: int) -> None:
    """Log the peak of resident memory beyond the volume, in GiB, of our inference alone."""
    volume = torch.from_numpy(made_ct(DEPTH))[None, None]
    contestants(at_once)[OURS](volume[..., every // 2 :: every])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10 - volume.nbytes
    logger.info("%.2f", peak / 2**30)


if __name__ == "__main__":
    main()
