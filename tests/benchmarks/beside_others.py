# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bundle beside networks that one would pick instead, from the shell to the label map on the file's grid, on a CPU.

    python -m tests.benchmarks.beside_others --work_dir WORK [--ct FILE] [--rounds 1] [--output docs/benchmarks.md]

Each contestant is a command that starts Python, reads the same CT, resamples it, segments it in windows and writes a
label map in the file's grid. Weights of the others are random, and so are those of the paper's width: their speed does
not depend on them. They decode every slice; the bundle's own weights skip those that the classifier finds free of
organs. ``pip install --no-deps dynamic-network-architectures`` brings nnU-Net's networks; without it that row is left
out.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import nibabel as nib
import torch
from torch.utils.flop_counter import FlopCounterMode

from monai_unet3plus.networks.nets import UNet3Plus
from tests.benchmarks.commands import BUNDLE, Run, run
from tests.benchmarks.out_of_the_box import phantom
from tests.benchmarks.paired import machine
from tests.benchmarks.sections import write_section
from tests.benchmarks.volume_networks import NETWORKS, segment

logger = logging.getLogger("beside_others")

OURS, FLOAT32, PAPER = "default", "default, float32", "paper's width, every slice decoded"
WIDTH = [64, 128, 256, 512, 1024]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for image and masks")
    parser.add_argument("--ct", type=Path, help="file of a CT; without it, a phantom is made")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is timed, by turns")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    data = args.work_dir / "data"
    image = data / (args.ct.name if args.ct else "phantom.nii.gz")
    if args.only:
        count_gflop(args.only, image, args.work_dir)
        return
    data.mkdir(parents=True, exist_ok=True)
    if args.ct:
        shutil.copy(args.ct, image)
    else:
        nib.save(phantom(), image)
    page = table(image, args.work_dir, args.rounds)
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def contestants(image: Path, work: Path) -> dict[str, Callable[[], Run]]:
    """Commands by name."""
    weights = work / "paper.pt"
    torch.manual_seed(0)
    torch.save(UNet3Plus(out_channels=2, features=WIDTH, deep_supervision=True).state_dict(), weights)
    wide = ["--features", json.dumps(WIDTH), "--classification_guided", "False", "--checkpoint", str(weights)]
    ours = {OURS: [], FLOAT32: ["--bfloat16", "False"], PAPER: wide}
    commands = {name: [*bundle_arguments(image, work / "masks"), *options] for name, options in ours.items()}
    for name in NETWORKS:
        if name.startswith("nnU-Net") and find_spec("dynamic_network_architectures") is None:
            logger.warning("%s is left out: dynamic_network_architectures is not installed", name)
            continue
        commands[name] = ["-m", "tests.benchmarks.volume_networks", name, str(image), str(work / "others")]
    return {name: lambda command=command: run(command) for name, command in commands.items()}


def bundle_arguments(image: Path, out: Path) -> list[str]:
    """Arguments of Python that run the bundle as it is delivered."""
    command = ["-m", "monai.bundle", "run", "--config_file", str(BUNDLE / "configs" / "inference.json")]
    command += ["--bundle_root", str(BUNDLE), "--dataset_dir", str(image.parent), "--output_dir", str(out)]
    return [*command, "--overwrite", "True", "--intensity_check", "warn"]


def table(image: Path, work: Path, rounds: int) -> str:
    """The page."""
    functions = contestants(image, work)
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(rounds):
        for name, function in functions.items():
            runs[name].append(function())
    rows = []
    for name, done in runs.items():
        seconds, processor = (median([getattr(r, field) for r in done]) for field in ("seconds", "processor"))
        share = median([ours.processor / theirs.processor for ours, theirs in zip(runs[OURS], done)])
        output = work / "gflop.json"
        run(["-m", "tests.benchmarks.beside_others", "--work_dir", str(work), "--ct", str(image), "--only", name])
        gflop = json.loads(output.read_text(encoding="utf-8"))
        memory = max(r.memory for r in done)
        rows.append(f"| {name} | {seconds:.1f} s | {processor:.1f} s | {memory:.1f} GiB | {gflop:,.0f} | {share:.2f} |")
    size = " x ".join(map(str, nib.Nifti1Image.from_filename(image).shape))
    return f"""# Beside other networks

`python -m tests.benchmarks.beside_others --work_dir ... --output docs/benchmarks.md` writes this section. The head of
the program explains how each network is run. Number of rounds: {rounds}.

{machine()}.
The CT has {size} voxels. The last column is the processor time of our default network divided by the processor
time of the row.

| network | from the command to the label map | processor time | most memory | GFLOP | ratio of the default |
|---|---|---|---|---|---|
{chr(10).join(rows)}

The other networks run as in their own configs: the spleen UNet and the SegResNet of wholeBody_ct at 3 mm from MONAI's
model zoo, and nnU-Net's `3d_fullres` as TotalSegmentator runs it at 3 mm. They find 1, 104 and 117 organs, and our
network finds two. So the table compares the cost of a command, not the cost of an organ.
"""


def count_gflop(name: str, image: Path, work: Path) -> None:
    """Write the operations of a contestant, in 10^9, counted while it runs."""
    with FlopCounterMode(display=False) as counter:
        if name in NETWORKS:
            segment(name, image, work / "others")
        else:
            from monai.bundle import ConfigWorkflow

            options = {"bundle_root": str(BUNDLE), "dataset_dir": str(image.parent), "output_dir": str(work / "masks")}
            extra = {FLOAT32: {"bfloat16": False}, PAPER: {"features": WIDTH, "classification_guided": False}}
            if name == PAPER:
                extra[PAPER]["checkpoint"] = str(work / "paper.pt")
            options.update(overwrite=True, intensity_check="warn", **extra.get(name, {}))
            workflow = ConfigWorkflow(
                str(BUNDLE / "configs" / "inference.json"),
                str(BUNDLE / "configs" / "metadata.json"),
                logging_file=False,
                workflow_type="inference",
                **options,
            )
            workflow.initialize()
            workflow.run()
    (work / "gflop.json").write_text(json.dumps(counter.get_total_flops() / 1e9), encoding="utf-8")


if __name__ == "__main__":
    main()
