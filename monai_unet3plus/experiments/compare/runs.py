# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The trainings and evaluations of a comparison, each by the bundle's configs and in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from ...data.splits import training_cases
from ...utils.files import replacing
from ..bundle_process import run_bundle, train_bundle

__all__ = ["Run", "TestData", "config_files", "execute", "prepare_data", "scores_file"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One training: a system, the seed of the training, and the fold that it is evaluated on, if there are folds."""

    system: str
    seed: int
    fold: int | None

    @property
    def name(self) -> str:
        """System, seed and fold in words, for logs."""
        return f"{self.system}, seed {self.seed}" + ("" if self.fold is None else f", fold {self.fold}")

    def folder(self, output_dir: Path) -> Path:
        """The folder of this run's files.

        Args:
            output_dir: folder of the comparison.
        """
        return output_dir / self.system / (f"seed_{self.seed}" + ("" if self.fold is None else f"_fold_{self.fold}"))


@dataclass(frozen=True)
class TestData:
    """
    The test cases of the runs.

    Args:
        overrides: for the bundle's configs.
        folds: their numbers; a single None where the data set has test cases of its own.
        description: a sentence.
    """

    overrides: Mapping[str, str]
    folds: Sequence[int | None]
    description: str


def prepare_data(
    dataset_dir: Path, datalist_file: Path | None, split: str, num_folds: int, output_dir: Path
) -> TestData:
    """
    Choose the cases to train and to evaluate on, the same for every system and seed.

    Args:
        dataset_dir: folder of the data set.
        datalist_file: JSON file with a list "training"; its cases may have a "fold".
        split: "test" for labelled test cases of its own, ``imagesTs`` and ``labelsTs``; "fold" for folds, in which
            each case is tested once; "lits" for the paper's 103 / 28 cases of LiTS; "auto" for the first of these where
            there are such cases, else the second.
        num_folds: number of folds where the cases have none.
        output_dir: gets the list with folds.

    Raises:
        InputError: When there are no cases.
        ValueError: When there are fewer cases than folds, or only some cases have a fold.
    """
    if split == "lits":
        return TestData({"split": "lits"}, [None], "the paper's 103 cases of LiTS to train on, its 28 to test on")
    if split == "auto":
        split = "test" if datalist_file is None and (dataset_dir / "labelsTs").is_dir() else "fold"
    if split == "test":
        return TestData({"split": "all"}, [None], "trained on all training cases, tested on the data set's test cases")
    cases = training_cases(dataset_dir, datalist_file)
    with_fold = [case for case in cases if "fold" in case]
    if not with_fold:
        if not 2 <= num_folds <= len(cases):
            raise ValueError(f"num_folds: expected 2 to {len(cases)}, the number of cases, but got {num_folds}.")
        order = np.random.RandomState(0).permutation(len(cases))
        cases = [{**case, "fold": int(place) % num_folds} for case, place in zip(cases, order)]
    elif len(with_fold) < len(cases):
        raise ValueError(f'datalist_file: expected all cases or none to have a "fold", but {len(with_fold)} have one.')
    listed = [{**case, **{key: os.path.abspath(case[key]) for key in ("image", "label")}} for case in cases]
    with replacing(output_dir / "datalist.json") as unfinished:
        unfinished.write_text(json.dumps({"training": listed}, indent=4), encoding="utf-8")
    folds = sorted({case["fold"] for case in cases})
    overrides = {"split": "fold", "datalist_file": str(output_dir / "datalist.json")}
    return TestData(overrides, folds, f"{len(folds)} folds of {len(cases)} cases, each case tested once")


def config_files(bundle: Path, extra: Sequence[Path], system: str, evaluate: bool = False) -> list[Path]:
    """
    The configs of a system, later ones override earlier ones.

    Args:
        bundle: folder of the bundle.
        extra: configs that all systems have.
        system: its name.
        evaluate: whether to evaluate.
    """
    configs = bundle / "configs"
    evaluation = [configs / "evaluate.json"] if evaluate else []
    return [configs / "train.json", *extra, *evaluation, configs / "systems" / f"{system}.json"]


def execute(
    runs: Sequence[Run],
    bundle: Path,
    extra: Sequence[Path],
    overrides: Mapping[str, Any],
    output_dir: Path,
    devices: Sequence[str],
) -> list[Run]:
    """
    Train and evaluate the runs that are not done yet, one at a time on each device.

    Args:
        runs: all runs.
        bundle: folder of the bundle.
        extra: configs that all systems have.
        overrides: for the bundle's configs.
        output_dir: gets a folder per run.
        devices: for instance ``["cuda:0", "cuda:1"]``; one that is listed twice has two runs at a time.

    Returns:
        the runs that failed; the reason is in their logs.
    """
    free: SimpleQueue[str] = SimpleQueue()
    for device in devices:
        free.put(device)
    threads = max(1, (os.cpu_count() or 1) // len(devices))
    # Threads that spin while they wait would take the time of the run beside them.
    environment = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"} if len(devices) > 1 else {}
    failed = []

    def one(run: Run) -> None:
        device = free.get()
        try:
            _train_and_evaluate(run, bundle, extra, {**overrides, "device": device}, output_dir, environment)
        except SystemExit:
            failed.append(run)
        finally:
            free.put(device)

    pool = ThreadPoolExecutor(len(devices))
    try:
        list(pool.map(one, runs))
    finally:
        pool.shutdown(cancel_futures=True)
    return failed


def scores_file(run: Run, output_dir: Path) -> Path:
    """
    Where a run's evaluation is.

    Args:
        run: the run.
        output_dir: folder of the comparison.
    """
    return run.folder(output_dir) / "evaluation" / "cases.csv"


def _train_and_evaluate(
    run: Run,
    bundle: Path,
    extra: Sequence[Path],
    overrides: Mapping[str, Any],
    output_dir: Path,
    environment: Mapping[str, str],
) -> None:
    folder = run.folder(output_dir)
    own: dict[str, Any] = {"seed": run.seed, **({} if run.fold is None else {"fold": run.fold})}
    options = {"cache_dir": output_dir / "cache", **overrides}
    if scores_file(run, output_dir).is_file():
        logger.info("%s: done before", run.name)
        return
    start = time.monotonic()
    logger.info("%s: log in %s", run.name, folder / "train.log")
    own.update(output_dir=folder)
    files = config_files(bundle, extra, run.system)
    # The last weights count: test cases must not choose the epoch.
    weights = train_bundle(bundle, files, folder / "models", {**options, **own}, environment, folder / "train.log")
    own.update(output_dir=folder / "evaluation", ckpt_dir=weights.parent)
    own["checkpoint"] = weights
    files = config_files(bundle, extra, run.system, evaluate=True)
    run_bundle(bundle, files, {**options, **own}, environment, folder / "evaluate.log")
    logger.info("%s: done in %.1f min", run.name, (time.monotonic() - start) / 60)
