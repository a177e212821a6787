# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The trainings of a comparison in their order, several at a time, and their records."""

from __future__ import annotations

import json
import logging
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from .settings import Settings
from .training import Training, train
from .volumes import Volume, read_volumes

__all__ = ["choose_learning_rate", "read_records", "run_trainings"]

logger = logging.getLogger(__name__)

Record = Mapping[str, Any]


def read_records(path: Path) -> dict[Training, Record]:
    """
    Read the records of finished trainings; the last line of an interrupted writing is passed over.

    Args:
        path: file with a line of JSON per training, which may be missing.
    """
    records = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            record = json.loads(line)
        except ValueError:
            logger.warning("%s: a line is incomplete, its training is done again", path)
            continue
        records[Training(record["system"], record["learning_rate"], record["seed"])] = record
    return records


def choose_learning_rate(system: str, settings: Settings, records: Mapping[Training, Record]) -> float | None:
    """
    The learning rate with the highest mean Dice of the validation patients, with the first seed.

    Returns:
        the learning rate; None as long as one of them was not tried.
    """
    tried = {rate: records.get(Training(system, rate, settings.seeds[0])) for rate in settings.learning_rates}
    dice = {rate: _mean_dice(record["validation_cases"]) for rate, record in tried.items() if record}
    return max(dice, key=lambda rate: dice[rate]) if len(dice) == len(tried) else None


def next_trainings(settings: Settings, records: Mapping[Training, Record]) -> list[Training]:
    """All trainings that can begin: system after system with the first seed, then the other seeds."""
    first, *others = settings.seeds
    todo = [Training(system, rate, first) for system in settings.systems for rate in settings.learning_rates]
    rates = {system: choose_learning_rate(system, settings, records) for system in settings.systems}
    for seed in others:
        todo += [Training(system, rate, seed) for system, rate in rates.items() if rate is not None]
    return [training for training in todo if training not in records]


def run_trainings(settings: Settings, volumes: Path, bundle: Path, path: Path, device: str, jobs: int) -> bool:
    """
    Do all trainings that have no record yet.

    Args:
        volumes: file of the prepared scans.
        path: file of the records, to which a line is added after each training.
        jobs: trainings at a time, each in a process of its own.

    Returns:
        whether all were done; one that failed is logged.
    """
    records, failed = read_records(path), set[Training]()
    running: dict[Future[Record], Training] = {}
    context = multiprocessing.get_context("spawn")  # a GPU can't be used after a fork
    with ProcessPoolExecutor(jobs, context, _begin, (settings, volumes, bundle, device)) as pool:
        try:
            while True:
                busy = {*running.values(), *failed}
                waiting = [training for training in next_trainings(settings, records) if training not in busy]
                for training in waiting[: jobs - len(running)]:
                    running[pool.submit(_work, training)] = training
                if not running:
                    return not failed
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    training = running.pop(future)
                    try:
                        records[training] = future.result()
                    except Exception as e:  # the others go on
                        failed.add(training)
                        logger.error("failed: %s: %s: %s", training, type(e).__name__, e)
                        continue
                    _add(path, records[training])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _add(path: Path, record: Record) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    logger.info(
        "%s, learning rate %g, seed %d: validation Dice %.3f, training Dice %.3f, %.0f s",
        *(record[name] for name in ("system", "learning_rate", "seed")),
        _mean_dice(record["validation_cases"]),
        record["curve"][-1][1],
        record["seconds"],
    )


def _mean_dice(cases: Record) -> float:
    return fmean(case["dice"] for case in cases.values())


# Of a process of the pool: it imports and reads once for many trainings.
_train: Callable[[Training], Record] | None = None


def _begin(settings: Settings, volumes: Path, bundle: Path, device: str) -> None:
    global _train
    torch.set_num_threads(1)
    scans: dict[str, Volume] = read_volumes(settings, volumes)
    _train = lambda training: train(training, settings, scans, bundle, device)  # noqa: E731


def _work(training: Training) -> Record:
    assert _train is not None
    return _train(training)
