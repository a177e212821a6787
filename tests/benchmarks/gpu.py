# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Tests of a GPU, then time and memory of the network and of a whole CT there, beside the published network.

    python -m tests.benchmarks.gpu [--output docs/benchmarks.md] [--minutes 7]

The page is written anew after each step, so that a run that is cut short keeps its rows; the others say that they are
not measured. The figures that matter most come first. ``--minutes`` is how long steps are begun.

The published network is the direct re-statement that the tests measure the package by, with the same weights. Float32
is without TF32 (``torch.backends``); TF32 is float32 with it; bfloat16 is weights in bfloat16 for both, in training
autocast. Compiled is ``prepare_for_inference(network, compile=True)``. The whole CT is the one of
``tests.benchmarks.whole_ct``, made, and lies on the GPU; all of its slices are segmented. Without a GPU,
``--device cpu`` with small ``--widths`` and ``--size`` tries the program itself.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from monai_unet3plus.utils.errors import describe_error
from tests.benchmarks.gpu_contests import CHANNELS_LAST, COMPILED, EIGHT, OURS, PRECISIONS, PUBLISHED, Contests
from tests.benchmarks.gpu_page import Table
from tests.benchmarks.paired import machine
from tests.benchmarks.sections import write_section
from tests.networks.published import FULL_WIDTHS

logger = logging.getLogger("gpu")

TESTS = "tests/test_gpu.py"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    parser.add_argument("--minutes", type=float, default=7.0, help="after these no further step is begun")
    parser.add_argument("--rounds", type=int, default=7, help="how often each contestant is timed")
    parser.add_argument("--size", type=int, default=320, help="height and width of the images")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32], help="images at once")
    parser.add_argument("--slices", type=int, default=119, help="of the whole CT")
    parser.add_argument("--widths", type=int, nargs=5, default=FULL_WIDTHS, help="channels of the five levels")
    parser.add_argument("--device", default="cuda", help="where to compute")
    parser.add_argument("--backend", help="of torch.compile (default: PyTorch's own, with CUDA graphs)")
    parser.add_argument("--skip_tests", action="store_true", help=f"leave out {TESTS}")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("no GPU that PyTorch can use was found")
    Run(args).measure()


class Run:
    """
    The steps of a run, the most important first, and its page.

    Args:
        args: of the command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.contests = Contests(
            args.device, args.size, tuple(args.widths), args.slices, args.rounds, args.batches, args.backend
        )
        self.notes = {TESTS: "not run", "peaks": "not measured"}
        self.profile = ""
        forward, training, whole_ct = self.tables = _tables(args.batches, args.size)
        contests, low, others = self.contests, "bfloat16", PRECISIONS[:-1]
        self.steps: list[tuple[str, Callable[[], None]]] = [] if args.skip_tests else [("tests", self.run_tests)]
        self.steps.append(("profile", self.run_profile))
        self.steps.append(("peaks", self.measure_peaks))
        for name in (OURS, COMPILED):
            for batch in args.batches:
                self.steps.append((f"forward, {batch}, {low}, {name}", contests.forward(forward, batch, low, name)))
            self.steps.append((f"whole CT, {low}, {name}", contests.whole_ct(whole_ct, low, name)))
            self.steps.append((f"training, {low}, {name}", contests.training(training, low, name)))
        self.steps.append((f"training, {low}, {CHANNELS_LAST}", contests.training(training, low, CHANNELS_LAST)))
        for precision in others:
            for batch in args.batches:
                step = contests.forward(forward, batch, precision, OURS)
                self.steps.append((f"forward, {batch}, {precision}", step))
            self.steps.append((f"training, {precision}", contests.training(training, precision, OURS)))
            self.steps.append((f"whole CT, {precision}", contests.whole_ct(whole_ct, precision, OURS)))

    def measure(self) -> None:
        """Take the steps, and write the page after each."""
        started = time.monotonic()
        self.write()
        for name, step in self.steps:
            if time.monotonic() - started > 60 * self.args.minutes:
                logger.warning("%s is left out: the minutes are over", name)
                continue
            begun = time.monotonic()
            try:
                step()
            except Exception as error:  # of one contestant; the others go on
                logger.error("%s: %s", name, describe_error(error))
            logger.info("%s: %.0f s", name, time.monotonic() - begun)
            self.write()
        logger.info("%s", self.page())

    def write(self) -> None:
        if self.args.output:
            write_section(self.args.output, self.page())

    def page(self) -> str:
        return "\n".join([self._head(), self.profile, *map(str, self.tables)])

    def run_tests(self) -> None:
        self.notes[TESTS] = "failed, or took too long"
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", TESTS]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
        logger.info("%s", done.stdout)
        self.notes[TESTS] = done.stdout.strip().splitlines()[-1].strip("= ")

    def run_profile(self) -> None:
        self.profile = self.contests.profile_forward(self.args.batches[-2:][0])

    def measure_peaks(self) -> None:
        self.notes["peaks"] = ", ".join(
            f"{rate / 1e12:.3g} TFLOP/s in {precision}" for precision, rate in self.contests.measure_peaks().items()
        )

    def _head(self) -> str:
        rounds, size = self.args.rounds, self.args.size
        return f"""# On a GPU

`python -m tests.benchmarks.gpu --rounds {rounds} --size {size} --output docs/benchmarks.md` writes this section. The
head of the program explains the precisions.

{machine(gpu=self.args.device == "cuda")}.
`{TESTS}`: {self.notes[TESTS]}.
Images of 3 x {size} x {size}, widths {", ".join(map(str, self.args.widths))}, random weights. A network and the
published network take turns, {rounds} rounds after three to warm up, fewer for the whole CT. Times are medians with
quartiles, and ratios are computed for each round. Memory is the most that all tensors hold at once, without the
weights. It is not given for compiled networks, because CUDA graphs keep their memory apart. The peaks, measured with
matrix products: {self.notes["peaks"]}.
"""


def _tables(batches: Sequence[int], size: int) -> tuple[Table, Table, Table]:
    cost = ("slices/s", "time of the published", "memory", "of the published", "share of the peak")
    forward = Table(
        "Forward",
        f"{OURS.capitalize()} is `prepare_for_inference(UNet3Plus())`, compiled the same with `compile=True`.",
        ("batch", "precision", "network"),
        cost,
        [
            (str(batch), precision, name)
            for batch in batches
            for precision in reversed(PRECISIONS)
            for name in (PUBLISHED, OURS, *((COMPILED,) if precision == "bfloat16" else ()))
        ],
    )
    training = Table(
        "Training step: forward and backward, five side outputs",
        f"{max(batches[:2])} images at once. Compiled is `torch.compile(UNet3Plus(...))`, channels last "
        "`network.to(memory_format=torch.channels_last)`.",
        ("precision", "network"),
        cost,
        [
            (precision, name)
            for precision in reversed(PRECISIONS)
            for name in (PUBLISHED, OURS, *((COMPILED, CHANNELS_LAST) if precision == "bfloat16" else ()))
        ],
    )
    whole_ct = Table(
        "A whole CT",
        f"Slices of 512 x 512, an organ in a third of them. Windows of {size} x {size}, overlap 0.25, up to 32 at a "
        "time; no air is skipped.",
        ("precision", "network"),
        ("time", "of the published"),
        [
            (precision, name)
            for precision in reversed(PRECISIONS)
            for name in (PUBLISHED, OURS, OURS + EIGHT, *((COMPILED + EIGHT,) if precision == "bfloat16" else ()))
        ],
    )
    return forward, training, whole_ct


if __name__ == "__main__":
    main()
