# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train a network for each fold, evaluate it on the patients that it has not seen, and write the page of scores.

    python -m monai_unet3plus.experiments.cross_validation --datalist_file LIST --work_dir WORK --output PAGE.md

LIST is a list of cases with folds, see docs/own_data.md; ``monai_unet3plus.experiments.patients`` writes that of the
delivered weights. Trainings and evaluations that are done are not done again, and a training that was interrupted goes
on. ``--final`` trains on all patients afterwards. With ``--checkpoint`` nothing is trained, and one file is evaluated
on the patients of the folds.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..report.schema import read_cases
from .bundle_process import PATIENT_THREADS, run_bundle, train_bundle
from .case_lists import find_root, read_list
from .command_line import add_bundle_options, make_parser, start_log
from .cross_validation_page import Result, write_page
from .presence_threshold import save_with_threshold

logger = logging.getLogger(__name__)

_OF_INFERENCE = ("amp", "bfloat16", "device", "features", "organs", "pixel_size", "window")


def main() -> None:
    """Train, evaluate, and write the page."""
    parser = make_parser("experiments.cross_validation", __doc__)
    parser.add_argument("--datalist_file", type=Path, required=True, help="list of cases with folds")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for trainings and masks")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="folds to do")
    parser.add_argument("--checkpoint", type=Path, help="weights to evaluate, instead of a training for each fold")
    add_bundle_options(parser)
    parser.add_argument(
        "--presence_threshold", type=float, help="of all weights, see experiments.presence_threshold (default: 0.5)"
    )
    parser.add_argument("--final", action="store_true", help="also train on the patients of all folds, at the end")
    parser.add_argument("--output", type=Path, help="page to write, besides the log")
    args = parser.parse_args()
    start_log()

    cases, overrides = read_list(args.datalist_file), dict(args.overrides)
    root = find_root(cases)
    results = []
    for fold in args.folds:
        work = args.work_dir / f"fold_{fold}"
        options = {"dataset_dir": root, "datalist_file": args.datalist_file.resolve(), "split": "fold", "fold": fold}
        weights = args.checkpoint or train(args.bundle_root, work, {**options, **overrides})
        weights = apply_threshold(weights, args.presence_threshold, work)
        shared = {**options, **{name: value for name, value in overrides.items() if name in _OF_INFERENCE}}
        evaluate(args.bundle_root, work / "evaluation", weights, shared)
        evaluate(args.bundle_root, work / "ungated", weights, {**shared, "presence_gate": False})
        results += read_results(cases, fold, root, work)
    number = len({case["fold"] for case in cases if case["fold"] >= 0})
    text = write_page(results, args.folds, number, sys.argv[1:], args.checkpoint)
    logger.info(text)
    if args.output:
        args.output.write_text(text, encoding="utf-8")
    if args.final:
        options = {"dataset_dir": root, "datalist_file": args.datalist_file.resolve(), "split": "all"}
        work = args.work_dir / "final"
        weights = train(args.bundle_root, work, {**options, **overrides})
        logger.info("weights: %s", apply_threshold(weights, args.presence_threshold, work))


def train(bundle: Path, work: Path, options: Mapping[str, Any]) -> Path:
    """Train on the other folds, or go on with it, and return the file of the weights."""
    own = {"output_dir": work, "cache_dir": work.parent / "cache", **options}
    return train_bundle(bundle, ["train", "synthesis"], work / "models", own, PATIENT_THREADS)


def apply_threshold(weights: Path, threshold: float | None, work: Path) -> Path:
    """Write weights with another threshold of presence, if there is one, and return their file."""
    if threshold is None:
        return weights
    changed = work / "model_with_threshold.pt"
    save_with_threshold(weights, threshold, changed)
    return changed


def evaluate(bundle: Path, output: Path, weights: Path, options: Mapping[str, Any]) -> None:
    """Evaluate on the fold's patients, unless that is done."""
    if (output / "summary.json").is_file():
        return
    own = {"output_dir": output, "checkpoint": weights, "report_pictures": False, **options}
    run_bundle(bundle, ["train", "synthesis", "evaluate"], own, PATIENT_THREADS)


def read_results(cases: Sequence[dict[str, Any]], fold: int, root: str, work: Path) -> list[Result]:
    """
    The scores of a fold's patients.

    Args:
        cases: of the list.
        fold: the fold that was evaluated.
        root: folder that the names of cases in ``cases.csv`` are relative to.
        work: folder of the fold, with an evaluation and one without the classifier's gate.
    """
    gated, ungated = (read_cases(work / name / "cases.csv") for name in ("evaluation", "ungated"))
    listed = {Path(os.path.relpath(case["image"], root)).as_posix(): case for case in cases if case["fold"] == fold}
    return [
        Result(listed[name], organ, scores, ungated[name][organ])
        for name, organs in gated.items()
        for organ, scores in organs.items()
    ]


if __name__ == "__main__":
    main()
