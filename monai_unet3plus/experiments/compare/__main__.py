# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train and evaluate the systems of the UNet 3+ paper's tables on one data set, with equal budget.

    python -m monai_unet3plus.compare --dataset_dir D --output_dir O --systems unet unet3plus --seeds 1 2 3 --budget 50

O gets a folder per system with its trainings, evaluations and logs, and comparison.md, table_1.csv, table_2.csv,
accuracy_over_cost.png. If a run is interrupted, repeat the command: finished runs are kept and a training goes on. So
the same command with more systems or seeds adds these. Every training sees the same number of slabs, and its last
weights are evaluated: on the data set's own test cases (imagesTs, labelsTs), or else on folds, each case once; or, with
--split lits, on the paper's 28 cases of LiTS.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ...bundle.folder import bundle_files
from ...bundle.run import EXIT_INTERRUPTED, EXIT_SOME_FAILED
from ...utils.errors import InputError
from ...utils.files import replacing
from ...visualize import save_costs
from ..bundle_process import override
from .cost import System, build, measure
from .pages import Result, write_page, write_table
from .runs import Run, TestData, config_files, execute, prepare_data, scores_file
from .scores import read_scores

logger = logging.getLogger(__name__)

_LOSSES = {
    "focal": {"_target_": "monai_unet3plus.losses.UNet3PlusLoss", "lambda_ms_ssim": 0, "lambda_iou": 0},
    "hybrid": {"_target_": "monai_unet3plus.losses.UNet3PlusLoss"},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a comparison.

    Args:
        arguments: command line without the program's name. Defaults to None, that of the process.
    """
    parser = _parser()
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else PyTorch's profiler writes lines of its own in between
    known = sorted(file.stem for file in (args.bundle_root / "configs" / "systems").glob("*.json"))
    unknown = sorted(set(args.systems or known) - set(known))
    if unknown or not known:
        parser.error(f"argument --systems: expected some of {known}, but got {unknown}")
    overrides = dict(args.overrides)
    if args.loss:
        overrides["loss"] = _LOSSES[args.loss]
    try:
        args.output_dir.mkdir(parents=True, exist_ok=True)
        _check_settings(args, overrides)
        data = prepare_data(args.dataset_dir, args.datalist_file, args.split, args.num_folds, args.output_dir)
        _compare(args, args.systems or known, overrides, data)
    except (InputError, ValueError) as e:
        parser.error(str(e))
    except KeyboardInterrupt:
        logger.error("interrupted; the same command goes on")
        raise SystemExit(EXIT_INTERRUPTED) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m monai_unet3plus.compare", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--dataset_dir", type=Path, required=True, help="data set, as for the bundle's train.json")
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--systems", nargs="+", help="names of configs in the bundle's configs/systems (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="seeds of the trainings")
    parser.add_argument("--budget", type=int, required=True, help="epochs of each training")
    parser.add_argument("--loss", choices=sorted(_LOSSES), help="one loss for all, instead of each system's own")
    parser.add_argument("--config_file", type=Path, nargs="*", default=[], help="configs for all, after train.json")
    parser.add_argument(
        "--overrides", type=override, nargs="*", default=[], metavar="NAME=VALUE", help="for the bundle's configs"
    )
    parser.add_argument("--datalist_file", type=Path, help="list of cases, as for the bundle's train.json")
    splits = ["auto", "test", "fold", "lits"]
    parser.add_argument("--split", choices=splits, default="auto", help="the test cases (default: test, or fold)")
    parser.add_argument("--num_folds", type=int, default=5, help="where cases have no fold of their own (default: 5)")
    parser.add_argument("--devices", nargs="+", help="one run at a time on each (default: all GPUs, or cpu)")
    parser.add_argument(
        "--bundle_root", type=Path, default=bundle_files(), help="folder of the bundle (default: that of the package)"
    )
    return parser


def _check_settings(args: argparse.Namespace, overrides: Mapping[str, Any]) -> None:
    """Keep the common settings of all runs in a file, and refuse to put runs of other settings beside them."""
    settings = {
        "dataset_dir": str(args.dataset_dir.resolve()),
        "datalist_file": args.datalist_file and str(args.datalist_file.resolve()),
        "split": args.split,
        "num_folds": args.num_folds,
        "budget": args.budget,
        "config_file": {file.name: json.loads(file.read_text(encoding="utf-8")) for file in args.config_file},
        "overrides": dict(overrides),
    }
    path = args.output_dir / "settings.json"
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        differing = sorted(name for name, value in settings.items() if earlier.get(name) != value)
        if differing:
            raise ValueError(
                f"output_dir: {args.output_dir} holds a comparison with other settings, {', '.join(differing)}; "
                "expected the same ones, or another folder."
            )
    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(settings, indent=4), encoding="utf-8")


def _compare(args: argparse.Namespace, systems: Sequence[str], overrides: Mapping[str, Any], data: TestData) -> None:
    bundle, output_dir = args.bundle_root, args.output_dir
    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    devices = args.devices or gpus or ["cpu"]
    built = {}
    for name in systems:  # before the first training, so that one that can't be built is known at once
        built[name] = build(config_files(bundle, args.config_file, name), overrides)
        logger.info("%s: %.2f million parameters", name, built[name].parameters / 1e6)
    runs = [Run(name, seed, fold) for seed in args.seeds for name in systems for fold in data.folds]
    options = {**data.overrides, "dataset_dir": args.dataset_dir, "epochs": args.budget, **overrides}
    failed = execute(runs, bundle, args.config_file, options, output_dir, devices)
    broken = {run.system for run in failed}
    results = [
        _result(name, built[name], [run for run in runs if run.system == name], output_dir, devices[0])
        for name in systems
        if name not in broken
    ]
    if results:
        _write(results, args, data, devices[0], built[results[0].system].input_shape, broken)
    for run in failed:
        logger.error("failed: %s, see the logs in %s", run.name, run.folder(output_dir))
    if failed:
        raise SystemExit(EXIT_SOME_FAILED)


def _result(name: str, system: System, runs: Sequence[Run], output_dir: Path, device: str) -> Result:
    scores = read_scores((run.seed, scores_file(run, output_dir)) for run in runs)
    return Result(name, system.loss, system.parameters, measure(system, device), scores)


def _write(
    results: Sequence[Result],
    args: argparse.Namespace,
    data: TestData,
    device: str,
    input_shape: Sequence[int],
    broken: set[str],
) -> None:
    folder = args.output_dir
    organs = list(dict.fromkeys(organ for result in results for organ in result.scores))
    settings = [
        f"Written by `python -m monai_unet3plus.compare`: {data.description}; budget {args.budget} epochs, "
        f"seeds {', '.join(map(str, args.seeds))}.",
        f"Cost is that of {' x '.join(map(str, input_shape[1:]))} on {device}, "
        f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}.",
    ]
    notes = [f"- Not here, since a run failed: {', '.join(sorted(broken))}."] if broken else []
    write_page(results, organs, settings, notes, folder / "comparison.md")
    for table, name in ((1, "table_1"), (2, "table_2"), (0, "further")):
        write_table(results, organs, table, folder / f"{name}.csv")
    points = {
        result.paper.title: (
            result.cost.gflop,
            {organ: (scores.mean_dice, scores.spread_over_seeds) for organ, scores in result.scores.items()},
        )
        for result in results
    }
    save_costs(points, folder / "accuracy_over_cost.png")
    logger.info("comparison: %s", folder / "comparison.md")


if __name__ == "__main__":
    main()
