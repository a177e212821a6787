# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of scores over cases."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["summarize"]


def summarize(scores: Mapping[str, Mapping[str, float | None]]) -> dict[str, Any]:
    """
    Sum up the scores of one organ over cases.

    A value that is not defined (NaN) is left out of the statistics and counted. The cases behind them have a mask
    that is empty; these are named, since a mean without them flatters.

    Args:
        scores: for each case what :py:func:`organ_scores` returns.

    Returns:
        ``cases``, their number; ``empty_truths`` and ``empty_predictions``, names of cases; ``worst_case``, the name of
        the one with the lowest Dice, the larger volume if several have it; ``metrics`` with, for each name, ``n`` of
        defined values, ``undefined``, ``mean``, ``std`` (of a sample, n - 1), ``median``, ``min`` and ``max``, None
        where there are too few values.
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


def _statistics(values: Sequence[float | None]) -> dict[str, float | int | None]:
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
