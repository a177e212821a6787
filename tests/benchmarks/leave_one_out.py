# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
How far the recipe of the bundle's weights gets on a case that it has not seen: each labelled case is left out once.

    python -m tests.benchmarks.leave_one_out --labelled LABELLED --negative NEGATIVE --work_dir WORK [--epochs 12]
        [--output docs/leave_one_out.md]

Runs the first round of ``monai_unet3plus.experiments.self_training`` once per case, evaluates on the case left
out, and writes a table. Trainings that are done are not done again. ``--cases`` does some of them only,
and the page says which are missing.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from monai.transforms import KeepLargestConnectedComponent

from monai_unet3plus.experiments.self_training import labelled
from monai_unet3plus.metrics import organ_scores
from tests.benchmarks.paired import machine

logger = logging.getLogger(__name__)

ORGANS = {"liver": 1, "spleen": 2}
Scores = dict[str, float | None]


def main() -> None:
    """Train, evaluate, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.leave_one_out", description=__doc__)
    parser.add_argument("--labelled", type=Path, required=True, help="folder of a folder per case")
    parser.add_argument("--negative", type=Path, required=True, help="folder of CTs without the organs")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for trainings and masks")
    parser.add_argument("--epochs", type=int, default=12, help="epochs of each training")
    parser.add_argument("--cases", nargs="*", help="names of the cases to leave out, instead of each")
    parser.add_argument("--overrides", nargs="*", default=[], metavar="NAME=VALUE", help="for the bundle's train.json")
    parser.add_argument("--output", type=Path, help="file to write, besides the log")
    parser.add_argument("--pictures", type=Path, help="folder for the pictures of the slices that differ most")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    cases = labelled(args.labelled)
    rows = []
    for name in args.cases or cases:
        evaluation = args.work_dir / name / "evaluation"
        if not (evaluation / "cases.csv").is_file():
            command = [sys.executable, "-m", "monai_unet3plus.experiments.self_training", "--leave_out", name]
            command += ["--labelled", str(args.labelled), "--negative", str(args.negative)]
            command += ["--work_dir", str(args.work_dir / name), "--epochs", str(args.epochs)]
            subprocess.run([*command, *(["--overrides", *args.overrides] if args.overrides else [])], check=True)
        mask = next(evaluation.rglob("*_seg.nii.gz"))
        rows += rows_of(name, Path(cases[name]["label"]), mask)
        if args.pictures:
            args.pictures.mkdir(parents=True, exist_ok=True)
            shutil.copy(next(evaluation.rglob("*_differences.webp")), args.pictures / f"{name}.webp")
    text = page(rows, args.epochs, args.overrides, sorted(set(cases) - set(args.cases or cases)))
    logger.info(text)
    if args.output:
        args.output.write_text(text, encoding="utf-8")


def rows_of(name: str, label: Path, mask: Path) -> list[str]:
    """Rows of the table, one per organ, as the network has it and with its largest piece only."""
    truth, found = (nib.as_closest_canonical(nib.Nifti1Image.from_filename(file)) for file in (label, mask))
    spacing = truth.header.get_zooms()[:3]
    a, b = (np.asarray(image.dataobj).astype(np.uint8) for image in (found, truth))
    pieces = KeepLargestConnectedComponent(is_onehot=False)(a[None])[0].numpy()
    rows = []
    for organ, value in ORGANS.items():
        raw, largest = (organ_scores(m == value, b == value, spacing) for m in (a, pieces))
        free = b.shape[2] - int((b == value).any((0, 1)).sum())
        wrong = f"{raw['over_segmentation']:.0%} of {free}" if free else "none is organ-free"
        rows.append(
            f"| {name} | {organ} | {raw['truth_ml']:.0f} | {raw['dice']:.3f} | {raw['surface_dice_2mm']:.3f} | {wrong} "
            f"| {largest['dice']:.3f} | {largest['surface_dice_2mm']:.3f} |"
        )
    return rows


def page(rows: list[str], epochs: int, overrides: list[str], missing: list[str]) -> str:
    left = f" Not run: {', '.join(missing)}." if missing else ""
    return "\n".join(
        [
            "# Cases left out",
            "",
            "Written by `python -m tests.benchmarks.leave_one_out --labelled ... --negative ... --work_dir ... "
            f"--epochs {epochs} --output docs/leave_one_out.md`"
            + (f", with the overrides {', '.join(overrides)}" if overrides else "")
            + ".",
            "",
            f"{machine(gpu=torch.cuda.is_available())}.",
            "Each row is a case that the training has not seen: the first round of "
            f"`monai_unet3plus.experiments.self_training`, {epochs} epochs and without self-training, on the "
            "other labelled cases and the negative one. "
            f"Four small cases, two of them labelled by a model, are too few for a claim of accuracy.{left}",
            "",
            "| case left out | organ | ml | Dice | surface Dice at 2 mm | organ-free slices with a false positive "
            "| Dice, largest piece | surface Dice, largest piece |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
