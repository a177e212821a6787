# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Scores of a comparison: Dice over cases and seeds, and differences case by case."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from scipy.stats import wilcoxon

from ...report.schema import read_cases

__all__ = ["Difference", "OrganScores", "compare_cases", "read_scores"]


@dataclass
class OrganScores:
    """
    How well a system finds one organ.

    Args:
        dice: by seed and case.
        over_segmentation: share of organ-free slices with a voxel of the organ, by seed and case, of cases that have
            organ-free slices.
    """

    dice: dict[int, dict[str, float]]
    over_segmentation: dict[int, dict[str, float]]

    @property
    def mean_dice(self) -> float:
        """Mean over seeds of the mean over cases."""
        return fmean(self._dice_of_seeds())

    @property
    def spread_over_seeds(self) -> float | None:
        """Standard deviation over seeds (n - 1) of the mean over cases; None with one seed."""
        means = self._dice_of_seeds()
        return stdev(means) if len(means) > 1 else None

    @property
    def mean_over_segmentation(self) -> float | None:
        """Mean over cases and seeds; None if no case has organ-free slices."""
        values = [value for cases in self.over_segmentation.values() for value in cases.values()]
        return fmean(values) if values else None

    def dice_of_cases(self) -> dict[str, float]:
        """Dice of each case, the mean over seeds."""
        by_case: dict[str, list[float]] = {}
        for cases in self.dice.values():
            for case, value in cases.items():
                by_case.setdefault(case, []).append(value)
        return {case: fmean(values) for case, values in by_case.items()}

    def _dice_of_seeds(self) -> list[float]:
        return [fmean(cases.values()) for cases in self.dice.values()]


@dataclass(frozen=True)
class Difference:
    """
    Args:
        mean: of the differences in Dice, case by case, each the mean over seeds.
        p: two-sided, of Wilcoxon's signed-rank test over cases; None where no case differs.
        cases: their number.
    """

    mean: float
    p: float | None
    cases: int


def read_scores(files: Iterable[tuple[int, Path]]) -> dict[str, OrganScores]:
    """
    Read the ``cases.csv`` of evaluations of one system.

    Args:
        files: seed and file of each; the folds of a seed follow each other or not.

    Returns:
        scores by organ. An undefined Dice, of an organ that is neither there nor predicted, is left out.
    """
    organs: dict[str, OrganScores] = {}
    for seed, file in files:
        for case, scores_of_organs in read_cases(file).items():
            for organ, values in scores_of_organs.items():
                scores = organs.setdefault(organ, OrganScores({}, {}))
                for metric, kept in (("dice", scores.dice), ("over_segmentation", scores.over_segmentation)):
                    value = values[metric]
                    if value is not None and not math.isnan(value):
                        kept.setdefault(seed, {})[case] = value
    return {organ: scores for organ, scores in organs.items() if scores.dice}


def compare_cases(ours: OrganScores, reference: OrganScores) -> Difference:
    """
    Compare two systems case by case.

    Args:
        ours: scores of a system.
        reference: scores of the system that it is compared with, on the same cases.

    Raises:
        ValueError: When the cases are not the same.
    """
    values, others = ours.dice_of_cases(), reference.dice_of_cases()
    if values.keys() != others.keys():
        raise ValueError(f"Expected the same cases, but {sorted(values.keys() ^ others.keys())} are on one side only.")
    differences = [values[case] - others[case] for case in sorted(values)]
    p = float(wilcoxon(differences).pvalue) if any(differences) else None
    return Difference(fmean(differences), p, len(differences))
