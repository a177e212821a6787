# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compare a short training on five cases from the bundle's weights with one from scratch.

    python -m tests.benchmarks.finetuning --work_dir FOLDER [--epochs 6] [--seeds 1 2] [--output docs/benchmarks.md]

Both are train.json with the same overrides, cases, epochs and seed, on phantoms, so that no data is needed.
Trainings that are done are not done again.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from statistics import mean

from monai_unet3plus.experiments.bundle_process import run_bundle
from monai_unet3plus.phantom import write_phantoms
from monai_unet3plus.report.schema import read_summary
from tests.benchmarks.paired import machine
from tests.benchmarks.sections import write_section
from tests.bundle.workflows import BUNDLE

logger = logging.getLogger(__name__)

PHANTOMS = {"cases": 5, "test_cases": 4, "seed": 31, "pixel_size": (1.6, 1.8), "slice_thickness": (5.0, 5.0)}
OVERRIDES = {
    "split": "all",
    "val_interval": "1000",
    "crop_size": "[176, 176]",
    "batch_size": "2",
    "num_samples": "4",
    "optimizer": "{'_target_': 'torch.optim.Adam', 'params': '$@network.parameters()', 'lr': 0.001}",
}
STARTS: dict[str, dict[str, str]] = {
    "from scratch": {},
    "from the bundle's weights": {"finetune_from": str(BUNDLE / "models" / "model.pt")},
}


def main() -> None:
    """Train networks that are missing, evaluate, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.finetuning", description=__doc__)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for phantoms and trainings")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of each training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="seeds of the trainings")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    data = args.work_dir / "phantoms"
    if not (data / "dataset.json").is_file():
        write_phantoms(data, **PHANTOMS)
    found = {
        start: [train_and_evaluate(args.work_dir, data, start, seed, args.epochs) for seed in args.seeds]
        for start in STARTS
    }
    text = page(found, args.epochs, args.seeds)
    logger.info(text)
    if args.output:
        write_section(args.output, text)


def train_and_evaluate(work: Path, data: Path, start: str, seed: int, epochs: int) -> dict[str, float]:
    """Mean Dice of each organ over the test phantoms."""
    out = work / f"{start.split()[-1]}_{seed}"
    report = out / "evaluation" / "summary.json"
    if not report.is_file():
        shared: dict[str, str | Path] = {"dataset_dir": data, "cache_dir": work / "cache", "seed": str(seed)}
        shared["ckpt_dir"] = out / "models"
        run_bundle(BUNDLE, "train", {"output_dir": out, "epochs": epochs, **shared, **OVERRIDES, **STARTS[start]})
        os.replace(out / "models" / "model_last.pt", out / "models" / "model.pt")
        run_bundle(BUNDLE, ["train", "evaluate"], {"output_dir": report.parent, "split": "all", **shared})
    return {organ: summary["metrics"]["dice"]["mean"] or 0.0 for organ, summary in read_summary(report).items()}


def page(found: dict[str, list[dict[str, float]]], epochs: int, seeds: list[int]) -> str:
    rows = [
        f"| {start} | "
        + " | ".join(
            f"{mean(score[organ] for score in scores):.3f} ({', '.join(f'{score[organ]:.3f}' for score in scores)})"
            for organ in ("liver", "spleen")
        )
        + " |"
        for start, scores in found.items()
    ]
    return "\n".join(
        [
            "# Fine-tuning on a few cases",
            "",
            f"`python -m tests.benchmarks.finetuning --work_dir ... --epochs {epochs} --seeds "
            f"{' '.join(map(str, seeds))} --output docs/benchmarks.md` writes this section. The head of the program "
            "has the settings.",
            "",
            f"{machine()}.",
            f"Both networks are trained on {PHANTOMS['cases']} **synthetic phantoms** for {epochs} epochs of "
            f"{OVERRIDES['num_samples']} slabs each. The table gives the mean Dice over {PHANTOMS['test_cases']} other "
            "phantoms, in brackets for each seed. Phantoms are easier than patients: the table shows that the weights "
            "help, but not how much they help with your cases.",
            "",
            "| start | liver | spleen |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
