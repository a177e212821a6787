# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The results of a comparison, collected from the records of its trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from .cost import build, count_gflop
from .paper import PaperRow, paper_row
from .schedule import choose_learning_rate
from .settings import Settings
from .statistics import Scores
from .training import Training

__all__ = ["Result", "collect"]

_SHARES = {
    "over_segmented": ("over_segmented_slices", "organ_free_slices"),
    "missed": ("missed_slices", "organ_slices"),
}


@dataclass(frozen=True)
class Result:
    """
    The results of one system.

    Args:
        system: name of its config.
        loss: in words.
        parameters: their number.
        gflop: of inference on one slice.
        learning_rate: that was chosen.
        scores: by name, "dice", "over_segmented", the share of organ-free slices with a voxel of the organ, "missed",
            the share of slices of the organ without one; the same names after "ungated_" for masks without the gate
            of the classification-guided module.
        curves: of each seed, steps and training Dice.
        choosing: Dice of the validation patients by learning rate, with the first seed.
        dice_at_rates: Dice of the test patients by learning rate, with the first seed.
        devices: that it was trained on.
    """

    system: str
    loss: str
    parameters: int
    gflop: float
    learning_rate: float
    scores: Mapping[str, Scores]
    curves: Sequence[Sequence[Sequence[float]]]
    choosing: Mapping[float, float]
    dice_at_rates: Mapping[float, Scores]
    devices: Sequence[str]

    @property
    def paper(self) -> PaperRow:
        """The system's row in the paper's tables."""
        return paper_row(self.system)

    @property
    def training_dice(self) -> float:
        """The Dice of the slabs of the last tenth of the training, mean over seeds."""
        return fmean(_mean_dice(curve, 0.9, 1) for curve in self.curves)

    @property
    def last_rise(self) -> float:
        """How much the training Dice of the last quarter is above that of the third, mean over seeds."""
        return fmean(_mean_dice(curve, 0.75, 1) - _mean_dice(curve, 0.5, 0.75) for curve in self.curves)


def collect(settings: Settings, records: Mapping[Training, Mapping[str, Any]], bundle: Path) -> list[Result]:
    """Collect the results of all systems that have been trained with one seed at least."""
    patient_of = {name: settings.patient(name) for name in settings.cases}
    overrides = {"features": settings.features, "organs": {settings.organ: settings.label_values}}
    results = []
    for system in settings.systems:
        rate = choose_learning_rate(system, settings, records)
        done = {
            seed: records[key] for seed in settings.seeds if (key := Training(system, rate or 0.0, seed)) in records
        }
        if rate is None or not done:
            continue
        built = build(bundle, system, overrides)
        parameters = built.parameters
        tried = {rate: records[Training(system, rate, settings.seeds[0])] for rate in sorted(settings.learning_rates)}
        results.append(
            Result(
                system,
                built.loss_in_words,
                parameters,
                count_gflop(built.network, (1, 3, settings.size, settings.size)),
                rate,
                _scores(done, patient_of),
                [record["curve"] for record in done.values()],
                {
                    rate: Scores.from_cases({0: record["validation_cases"]}, patient_of).mean
                    for rate, record in tried.items()
                },
                {rate: Scores.from_cases({0: record["cases"]}, patient_of) for rate, record in tried.items()},
                sorted({record["device"] for record in done.values()}),
            )
        )
    return results


def _scores(done: Mapping[int, Mapping[str, Any]], patient_of: Mapping[str, str]) -> dict[str, Scores]:
    scores = {}
    for prefix in ("", "ungated_"):
        cases = {seed: record[f"{prefix}cases"] for seed, record in done.items() if f"{prefix}cases" in record}
        if cases:
            scores[f"{prefix}dice"] = Scores.from_cases(cases, patient_of)
            for name, (value, per) in _SHARES.items():
                scores[f"{prefix}{name}"] = Scores.from_cases(cases, patient_of, value, per)
    return scores


def _mean_dice(curve: Sequence[Sequence[float]], start: float, end: float) -> float:
    """The mean Dice of a part of the training, from one share of its steps to another."""
    steps = curve[-1][0]
    part = [dice for step, dice in curve if start * steps < step <= end * steps]
    return fmean(part or [dice for _, dice in curve])  # a short training may have no point in it
