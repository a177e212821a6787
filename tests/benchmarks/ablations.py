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
"""
The four trainings of the paper's ablation, on phantoms, by the bundle's own configs; writes docs/results.md.

    python -m tests.benchmarks.ablations --work_dir .ablations --output docs/results.md [--seeds 1 2 3] [--jobs 2]

What is there from an earlier run is used again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from statistics import mean, stdev

import monai
import torch

from monai_unet3plus.data.phantom import write_phantoms

logger = logging.getLogger("ablations")

CONFIGS = Path(__file__).resolve().parents[2] / "bundle" / "configs"
ABLATIONS = {
    "no_deep_supervision": "focal, no deep supervision",
    "focal_only": "focal",
    "hybrid": "hybrid",
    "hybrid_cgm": "hybrid + CGM",
}
COLUMNS = {
    "dice": "Dice",
    "hausdorff_distance_95_mm": "95 % Hausdorff distance in mm",
    "over_segmentation": "over-segmented organ-free slices",
}
# Small enough for a processor: a quarter of the paper's width is already half of the default's.
OVERRIDES = {
    "organs": "{'liver': 1}",
    "pixel_size": "None",
    "features": "[8, 16, 32, 64, 128]",
    "crop_size": "[176, 176]",
    "batch_size": "2",
    "num_samples": "1",
    "epochs": "30",
    "val_interval": "1000",
    "val_fraction": "0.1",
    "affine_prob": "0",
    "optimizer": "{'_target_': 'torch.optim.Adam', 'params': '$@network.parameters()', 'lr': 0.002}",
}
EVALUATION = {"roi_size": "[-1, -1]", **{name: OVERRIDES[name] for name in ("organs", "pixel_size", "features")}}
PHANTOMS = {"cases": 12, "test_cases": 6, "seed": 21, "pixel_size": (2.4, 2.6), "slice_thickness": (6.0, 8.0)}


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ablations", description=__doc__)
    parser.add_argument("--work_dir", type=Path, default=Path(".ablations"), help="folder for phantoms and trainings")
    parser.add_argument("--output", type=Path, default=Path("docs/results.md"), help="file to write")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="seeds of the trainings")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, one thread each")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    data = args.work_dir / "phantoms"
    if not (data / "dataset.json").is_file():
        write_phantoms(data, **PHANTOMS)
    runs = [(name, seed) for seed in args.seeds for name in ABLATIONS]
    with ThreadPoolExecutor(args.jobs) as pool:
        reports = list(pool.map(lambda item: train_and_evaluate(args.work_dir, data, *item), runs))
    args.output.write_text(page(dict(zip(runs, reports)), args.seeds), encoding="utf-8")
    logger.info("written: %s", args.output)


def train_and_evaluate(work: Path, data: Path, name: str, seed: int) -> dict[str, float | None]:
    """
    Returns:
        mean of each metric over the test phantoms, None where it is defined for none.
    """
    out = work / f"{name}_{seed}"
    models, report = out / "models", out / "evaluation" / "summary.json"
    options = {"dataset_dir": data, "ckpt_dir": models, "cache_dir": work / "cache", "seed": seed}
    ablation = CONFIGS / "ablation" / f"{name}.json"
    if not report.is_file():
        run([CONFIGS / "train.json", ablation], out / "train.log", **options, **OVERRIDES, output_dir=out)
        os.replace(models / "model_last.pt", models / "model.pt")
        configs = [CONFIGS / "train.json", CONFIGS / "evaluate.json", ablation]
        run(configs, out / "evaluate.log", **options, **EVALUATION, output_dir=report.parent)
    liver = json.loads(report.read_text(encoding="utf-8"))["organs"]["liver"]
    scores = {column: liver["metrics"][column]["mean"] for column in COLUMNS}
    logger.info("%s, seed %d: %s", name, seed, scores)
    return scores


def run(configs: list[Path], log: Path, **overrides: object) -> None:
    """One run of the bundle, with its output in a file."""
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str([str(config) for config in configs])]
    command += ["--bundle_root", str(CONFIGS.parent)]
    command += [part for name, value in overrides.items() for part in (f"--{name}", str(value))]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        subprocess.run(command, stdout=file, stderr=file, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def page(reports: dict[tuple[str, int], dict[str, float | None]], seeds: list[int]) -> str:
    """The document, from the metrics of each run."""
    rows, best = [], []
    for name, title in ABLATIONS.items():
        cells = []
        for column in COLUMNS:
            values = [reports[name, seed][column] for seed in seeds]
            known = [value for value in values if value is not None]
            spread = f" ± {stdev(known):.3f}" if len(known) > 1 else ""
            cells.append(f"{mean(known):.3f}{spread}" if len(known) == len(values) else "not defined")
        rows.append(f"| {title} | {' | '.join(cells)} |")
    for column, better, undefined in (("dice", max, -inf), ("over_segmentation", min, inf)):
        values_of = {name: [reports[name, seed][column] for seed in seeds] for name in ABLATIONS}
        means = {name: undefined if None in values else mean(values) for name, values in values_of.items()}
        best.append(ABLATIONS[better(means, key=lambda name: means[name])])
    cases, phantom_seed, training_seeds = PHANTOMS["cases"], PHANTOMS["seed"], ", ".join(map(str, seeds))
    versions = f"PyTorch {torch.__version__}, MONAI {monai.__version__}"
    return f"""# Results on phantoms

**These are synthetic phantoms. Nothing here says anything about patients.**

The four trainings of the paper's ablation, mean ± standard deviation over {len(seeds)} seeds of the mean over
{PHANTOMS["test_cases"]} unseen phantoms, liver:

| training | {" | ".join(COLUMNS.values())} |
|---|{"---|" * len(COLUMNS)}
{chr(10).join(rows)}

Highest Dice: {best[0]}. Fewest over-segmented slices: {best[1]}.

What it shows: the four trainings run by overrides alone, and how much seeds matter on this task.
What it does not show: that one is better than another on CT, or that the paper's order is right or wrong. The phantoms
are few and coarse, the network is narrow, and {OVERRIDES["epochs"]} epochs of a few steps are too short for any of the
trainings to have converged. A difference below the spread is none.

Written by `python -m tests.benchmarks.ablations`: the bundle's `train.json` with the overrides at the top of the
script, and the last checkpoint. Seeds of the trainings: {training_seeds}.
Phantoms: {cases} for training and validation, seed {phantom_seed}, pixels of 2.4 to 2.6 mm, slices of 6 to 8 mm.
Machine: {platform.machine()}, {os.cpu_count()} processors, one thread a training; {versions}.
"""


if __name__ == "__main__":
    main()
