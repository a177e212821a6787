# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time of an epoch of the default recipe, ``synthesis.json``, on a CPU, beside that of another checkout.

    python -m tests.benchmarks.training_epoch --work_dir WORK [--other CHECKOUT] [--output docs/benchmarks.md]

Slabs are drawn from phantoms, which are made in WORK, then a network is trained with them: 10 batches of 4 slabs, of
which an epoch has 50. Checkouts take turns, in processes of their own; time is that of the process.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import process_time

import torch
from monai.bundle import ConfigParser
from monai.utils import set_determinism

from tests.benchmarks.paired import machine, ratio, spread
from tests.benchmarks.sections import write_section

logger = logging.getLogger("training_epoch")

HERE = Path(__file__).resolve().parents[2]
WARM_UP, BATCHES, BATCH_SIZE, SLABS = 2, 10, 4, 200


def _absolute(path: str) -> Path:
    return Path(path).resolve()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=_absolute, required=True, help="folder for phantoms and caches")
    parser.add_argument("--other", type=_absolute, help="root of another checkout, for instance of an older commit")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.measure:
        logger.info(json.dumps(measure(args.measure, args.work_dir)))
        return
    make_phantoms(args.work_dir / "phantoms")
    checkouts = {commit(root): root for root in (HERE, args.other) if root}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    for _ in range(args.rounds):
        for name, root in checkouts.items():
            found[name].append(run(root, args.work_dir / name, args.work_dir / "phantoms"))
    page = f"""# An epoch of training on a CPU, {torch.backends.cpu.get_cpu_capability()}

`python -m tests.benchmarks.training_epoch --work_dir ... --other ... --output docs/benchmarks.md` writes this section.
It times an epoch of {SLABS} slabs of the default recipe, from cached volumes to updated weights; the head of the
program explains how. The recipe computes in bfloat16 if the processor has instructions for it.

{machine()}.

{table(found)}"""
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def commit(root: Path) -> str:
    command = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_phantoms(folder: Path) -> None:
    if not folder.is_dir():
        command = [sys.executable, "-m", "monai_unet3plus.phantom", "--output_dir", str(folder), "--cases", "4"]
        subprocess.run([*command, "--seed", "2024"], check=True)


def run(root: Path, work: Path, phantoms: Path) -> dict[str, float]:
    """Time one checkout in a process of its own."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "data").unlink(missing_ok=True)
    (work / "data").symlink_to(phantoms)
    command = [sys.executable, __file__, "--measure", str(root), "--work_dir", str(work)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root, env=environment)
    return json.loads(result.stdout.splitlines()[-1])


def measure(root: Path, work: Path) -> dict[str, float]:
    """Seconds of an epoch for making the slabs and for training with them."""
    torch.set_num_threads(1)
    parser = ConfigParser()
    parser.read_config([root / "bundle" / "configs" / name for name in ("train.json", "synthesis.json")])
    parser.update({"bundle_root": str(root / "bundle"), "dataset_dir": str(work / "data"), "output_dir": str(work)})
    parser.update({"device": "cpu", "slabs_per_epoch": (WARM_UP + BATCHES) * BATCH_SIZE})
    parts = ("train#dataloader", "network", "loss", "optimizer", "train#inferer")
    loader, network, loss, optimizer, inferer = (parser.get_parsed_content(part) for part in parts)
    set_determinism(0)
    batches, seconds = iter(loader), {"synthesis": 0.0, "training": 0.0}
    network.train()
    for number in range(WARM_UP + BATCHES):
        start = process_time()
        batch = next(batches)
        made = process_time()
        optimizer.zero_grad()
        loss(inferer(batch["image"], network), batch["label"]).backward()
        optimizer.step()
        if number >= WARM_UP:
            seconds["synthesis"] += made - start
            seconds["training"] += process_time() - made
    return {part: value * SLABS / (BATCHES * BATCH_SIZE) for part, value in seconds.items()}


def table(found: dict[str, list[dict[str, float]]]) -> str:
    rows = [
        "| commit | synthesis of a slab | training step | epoch | ratio to the older commit |",
        "|---|---|---|---|---|",
    ]
    epochs = {name: [turn["synthesis"] + turn["training"] for turn in turns] for name, turns in found.items()}
    for name, turns in found.items():
        synthesis = median(turn["synthesis"] for turn in turns) / SLABS
        training = median(turn["training"] for turn in turns) * BATCH_SIZE / SLABS
        share = ratio(epochs[name], list(epochs.values())[-1])
        rows.append(f"| {name} | {1000 * synthesis:.0f} ms | {training:.2f} s | {spread(epochs[name])} | {share} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main()
