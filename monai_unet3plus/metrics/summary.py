# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of scores over cases."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import TypedDict

__all__ = ["OrganSummary", "Statistics", "summarize"]


class Statistics(TypedDict):
    """Statistics of one score; None where too few values are defined. ``std`` is that of a sample, n - 1."""

    n: int
    undefined: int
    mean: float | None
    std: float | None
    median: float | None
    min: float | None
    max: float | None


class OrganSummary(TypedDict):
    """
    Statistics of one organ over ``cases`` cases.

    ``empty_truths`` and ``empty_predictions`` are names of cases; ``worst_case`` is the name of the one with the lowest
    Dice, of several the one with the largest volume, None without cases.
    """

    cases: int
    empty_truths: list[str]
    empty_predictions: list[str]
    worst_case: str | None
    metrics: dict[str, Statistics]


def summarize(scores: Mapping[str, Mapping[str, float | None]]) -> OrganSummary:
    """
    Sum up the scores of one organ over cases.

    A value that is not defined (NaN) is left out of the statistics and counted. The cases behind them have a mask
    that is empty; these are named, since the mean without them is better than the masks are.

    Args:
        scores: for each case its scores, see :py:func:`organ_scores`.

    Returns:
        the organ's summary, with statistics of each score.
    """
    names = list(dict.fromkeys(name for values in scores.values() for name in values))
    return {
        "cases": len(scores),
        "empty_truths": [case for case, values in scores.items() if values["truth_ml"] == 0],
        "empty_predictions": [case for case, values in scores.items() if values["prediction_ml"] == 0],
        "worst_case": min(scores, key=lambda case: _badness(scores[case]), default=None),
        "metrics": {name: _statistics([values[name] for values in scores.values()]) for name in names},
    }


def _badness(values: Mapping[str, float | None]) -> tuple[float, float]:
    return values["dice"] or 0.0, -max(values["truth_ml"] or 0.0, values["prediction_ml"] or 0.0)


def _statistics(values: Sequence[float | None]) -> Statistics:
    measured = [value for value in values if value is not None]
    defined = [value for value in measured if not math.isnan(value)]
    return {
        "n": len(defined),
        "undefined": len(measured) - len(defined),
        "mean": statistics.fmean(defined) if defined else None,
        "std": statistics.stdev(defined) if len(defined) > 1 else None,
        "median": statistics.median(defined) if defined else None,
        "min": min(defined, default=None),
        "max": max(defined, default=None),
    }
