# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The systems of the paper's tables on phantoms, two of them on real CTs, each left out once; writes docs/results.md.

    python -m tests.benchmarks.comparison --work_dir FOLDER [--labelled LABELLED]

LABELLED has a folder per case with image.nii.gz and label.nii.gz, 1 liver and 2 spleen. Everything runs by
``python -m monai_unet3plus.compare``; what is done is not done again.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
from pathlib import Path

from monai_unet3plus.experiments.bundle_process import run_command
from monai_unet3plus.experiments.self_training import labelled
from monai_unet3plus.phantom import write_phantoms
from tests.benchmarks.paired import machine

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"

# Coarse and few, so that systems differ within minutes on a processor.
PHANTOMS = {"cases": 12, "test_cases": 6, "seed": 21, "pixel_size": (2.4, 2.6), "slice_thickness": (6.0, 8.0)}
NARROW = "features=[8, 16, 32, 64, 128]"  # an eighth of the paper's width
ADAM = "optimizer={'_target_': 'torch.optim.Adam', 'params': '$@network.parameters()', 'lr': 0.002}"
ON_PHANTOMS = [NARROW, ADAM, "pixel_size=None", "crop_size=[176, 176]", "roi_size=[176, 176]"]
ON_PHANTOMS += ["batch_size=2", "num_samples=1", "affine_prob=0"]
ON_CT = [NARROW, "slabs_per_epoch=100", "crop_size=[176, 176]"]
# Not here, since they have one width, too wide for a processor: pspnet, deeplabv3, deeplabv3plus
ON_CPU = ["unet", "unetpp", "unet3plus_no_ds", "unet3plus", "unet_resnet101", "unet3plus_resnet101"]
ON_CPU += ["deeplabv2", "attention_unet", "unet3plus_hybrid", "unet3plus_cgm"]

HEAD = """# Results

The systems of the paper, compared by `python -m monai_unet3plus.compare` on phantoms and on four real CTs. See
[comparison.md](comparison.md) for the command, how to read the tables, and what each system is.

{machine}. Written by `python -m tests.benchmarks.comparison`, whose head has all settings.

## On phantoms

**These are synthetic phantoms. Nothing here says anything about patients.**
{cases} phantoms to train on and {test_cases} to test on, seed {seed}, pixels of 2.4 to 2.6 mm, slices of 6 to 8 mm.
"""
AFTER_PHANTOMS = """![Dice over GFLOP per slice, liver and spleen](images/comparison.png)

**What may not be concluded:** that a system is better than another on CT, or that the paper's order is right or wrong.
The phantoms are few and coarse, the networks have an eighth of the paper's width, nothing is pretrained, and the budget
is too short for any of the trainings to have converged; systems that learn slowly look worse than they are: UNet and
UNet++ as published have no normalization in the decoder, and a Dice near 0 says that within {steps} steps they have not
begun to find the organ, not that they can't. A difference below the spread over seeds is none. Not run: the systems
that are not in the tables; PSPNet, DeepLabV3 and DeepLabV3+ have one width, which is too wide for a processor.
"""
ON_REAL = """
## On real CTs

Four small labelled CTs, see [weights.md](weights.md), each left out once.
It shows that the comparison runs on real CT, and no more: four cases, one seed, and {steps} steps, too few for a system
that starts slowly.
"""


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.comparison", description=__doc__)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for phantoms and trainings")
    parser.add_argument("--labelled", type=Path, help="folder of a folder per case")
    parser.add_argument("--systems", nargs="+", default=ON_CPU, help="for the phantoms")
    parser.add_argument("--budget", type=int, nargs=2, default=[24, 3], help="epochs on phantoms, and on CTs")
    parser.add_argument("--devices", nargs="+", default=["cpu"], help="one training at a time on each")
    parser.add_argument("--output", type=Path, default=Path("docs/results.md"), help="file to write")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    phantoms, found = args.work_dir / "phantoms", args.work_dir / "on_phantoms"
    if not (phantoms / "dataset.json").is_file():
        write_phantoms(phantoms, **PHANTOMS)
    common = ["--bundle_root", str(BUNDLE), "--devices", *args.devices]
    compare(phantoms, found, args.budget[0], ON_PHANTOMS, [*common, "--systems", *args.systems])
    parts = [HEAD.format(machine=machine(), **PHANTOMS), tables(found)]
    parts.append(AFTER_PHANTOMS.format(steps=args.budget[0] * PHANTOMS["cases"] // 2))
    shutil.copy(found / "accuracy_over_cost.png", args.output.parent / "images" / "comparison.png")
    if args.labelled:
        found = args.work_dir / "on_ct"
        listed = [
            {"image": case["image"], "label": case["label"]} for case in labelled(args.labelled.resolve()).values()
        ]
        (args.work_dir / "datalist.json").write_text(json.dumps({"training": listed}))
        options = ["--datalist_file", str(args.work_dir / "datalist.json"), "--num_folds", str(len(listed))]
        options += ["--config_file", str(BUNDLE / "configs" / "synthesis.json"), "--seeds", "1"]
        compare(args.labelled, found, args.budget[1], ON_CT, [*common, *options, "--systems", "unet", "unet3plus"])
        parts += [ON_REAL.format(steps=args.budget[1] * 25), tables(found)]
    args.output.write_text("\n".join(parts), encoding="utf-8")


def compare(data: Path, output: Path, budget: int, overrides: list[str], options: list[str]) -> None:
    """One comparison."""
    command = [
        sys.executable,
        "-m",
        "monai_unet3plus.experiments.compare",
        "--dataset_dir",
        str(data),
        "--output_dir",
        str(output),
    ]
    run_command([*command, "--budget", str(budget), *options, "--overrides", *overrides])


def tables(folder: Path) -> str:
    """The page of a comparison, to be part of another: without title and explanation, headings one level lower."""
    text = (folder / "comparison.md").read_text(encoding="utf-8")
    lines = text[: text.index("## How to read it")].splitlines()[2:]
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)


if __name__ == "__main__":
    main()
