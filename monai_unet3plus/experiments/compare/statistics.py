# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores of a system over patients and seeds, and paired differences with intervals by bootstrap over both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np

__all__ = ["Difference", "Scores", "bootstrap", "compare_patients"]

_RESAMPLES = 10_000
# by seed and case, as the record of a training has them
Cases = Mapping[int, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Scores:
    """
    One score of a system.

    Args:
        patients: by seed and patient, the mean over the patient's scans.
    """

    patients: Mapping[int, Mapping[str, float]]

    @classmethod
    def from_cases(cls, cases: Cases, patient_of: Mapping[str, str], value: str = "dice", per: str = "") -> Scores:
        """
        Collect one value of all cases.

        Args:
            cases: scores by seed and case.
            patient_of: who each case is of.
            value: name of the score.
            per: name of a number of slices that it is a share of. Defaults to "", none. Cases without such slices are
                left out.
        """
        patients: dict[int, dict[str, float]] = {}
        for seed, scores in cases.items():
            scans: dict[str, list[float]] = {}
            for case, values in scores.items():
                if not per or values[per]:
                    scans.setdefault(patient_of[case], []).append(values[value] / (values[per] if per else 1))
            patients[seed] = {patient: fmean(found) for patient, found in scans.items()}
        return cls(patients)

    @property
    def mean(self) -> float:
        """Mean over seeds and patients."""
        return fmean(self.seeds)

    @property
    def seeds(self) -> list[float]:
        """The mean over patients, for each seed."""
        return [fmean(values.values()) for values in self.patients.values()]

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds (n - 1) of the mean over patients; None with one seed."""
        return stdev(self.seeds) if len(self.seeds) > 1 else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean, by bootstrap over patients and seeds."""
        names = next(iter(self.patients.values()))
        return bootstrap([[values[name] for name in names] for values in self.patients.values()])


@dataclass(frozen=True)
class Difference:
    """
    A paired difference of two systems.

    Args:
        mean: of the difference, over patients and seeds.
        interval: 95 %, by bootstrap over patients and seeds.
        spread: standard deviation over seeds (n - 1) of the mean difference; None with one seed.
        patients: their number.
    """

    mean: float
    interval: tuple[float, float]
    spread: float | None
    patients: int

    @property
    def verdict(self) -> int:
        """1 where the interval is above 0, -1 where it is below, 0 where it has 0 in it."""
        return int(self.interval[0] > 0) - int(self.interval[1] < 0)


def compare_patients(ours: Scores, reference: Scores) -> Difference:
    """
    Compare two systems patient by patient, over the seeds that both have.

    Args:
        ours: scores of a system.
        reference: scores of the system that it is compared with, of the same patients.

    Raises:
        ValueError: When no seed is common to both.
    """
    seeds = [seed for seed in ours.patients if seed in reference.patients]
    if not seeds:
        raise ValueError(f"Expected a common seed, but got {list(ours.patients)} and {list(reference.patients)}.")
    differences = Scores(
        {
            seed: {name: ours.patients[seed][name] - value for name, value in reference.patients[seed].items()}
            for seed in seeds
        }
    )
    patients = len(differences.patients[seeds[0]])
    return Difference(differences.mean, differences.interval, differences.spread, patients)


def bootstrap(values: Sequence[Sequence[float]]) -> tuple[float, float]:
    """
    The 95 % interval of a mean: percentiles of the means of resamples, always the same ones. Seeds and patients are
    drawn independently, so that neither a lucky seed nor a few patients make a difference look certain.

    Args:
        values: for each seed, one of each patient.
    """
    table, generator = np.asarray(values), np.random.default_rng(0)
    seeds, patients = (generator.multinomial(n, np.full(n, 1 / n), _RESAMPLES) / n for n in table.shape)
    low, high = np.percentile(((seeds @ table) * patients).sum(axis=1), [2.5, 97.5])
    return float(low), float(high)
