# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of an evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..metrics.summary import OrganSummary, Statistics
from .page import Page, PageCase, PageOrgan
from .provenance import list_provenance

__all__ = ["EvaluatedCase", "evaluation_page"]

_HEADINGS = {
    "dice": "Dice",
    "hausdorff_distance_95_mm": "HD95 (mm)",
    "volume_error_ml": "volume error (ml)",
    "truth_ml": "truth (ml)",
    "prediction_ml": "volume (ml)",
}


@dataclass
class EvaluatedCase:
    """
    The results of one case.

    Args:
        file: path of the image.
        scores: of each organ, see :py:func:`monai_unet3plus.metrics.organ_scores`.
        flags: why the predicted mask of each organ should be looked at.
    """

    file: str
    scores: dict[str, dict[str, float | None]] = field(default_factory=dict)
    flags: dict[str, list[str]] = field(default_factory=dict)


def evaluation_page(
    cases: Mapping[str, EvaluatedCase],
    summaries: Mapping[str, OrganSummary],
    pictures: Sequence[Path],
    run: Mapping[str, Any],
    not_evaluated: int = 0,
) -> Page:
    """
    The page of an evaluation.

    Args:
        cases: by name.
        summaries: of each organ, see :py:func:`monai_unet3plus.metrics.summarize`.
        pictures: of each case; files that are not there are left out.
        run: "started", "seconds", "versions", "weights_sha256", "warning" and "settings".
        not_evaluated: number of cases after the one at which the run ended. Defaults to 0.
    """
    names = next((list(scores) for case in cases.values() for scores in case.scores.values()), [])
    surface = [name for name in names if name.startswith("surface_dice_")]
    agreement = ["dice", *surface, "hausdorff_distance_95_mm"] if names else []
    columns, means = ["prediction_ml", "truth_ml", *agreement], [*agreement, "volume_error_ml"]
    shown = [
        PageCase(
            name=name,
            status="evaluated",
            organs=[
                PageOrgan(organ, "", [_text(column, scores[column]) for column in columns], case.flags.get(organ, ()))
                for organ, scores in case.scores.items()
            ],
            remarks=[] if case.scores else ["annotates none of the organs"],
            picture=picture,
        )
        for (name, case), picture in zip(cases.items(), pictures)
    ]
    return Page(
        title="Evaluation",
        started=run["started"],
        seconds=run["seconds"],
        counts={"evaluated": len(cases), "not evaluated": not_evaluated},
        columns=[_column(name) for name in columns],
        cases=shown,
        warning=run["warning"],
        summary=[
            ["mean ± standard deviation", "cases", *(_column(name) for name in means)],
            *(
                [organ, str(summary["cases"]), *(_mean(name, summary["metrics"].get(name)) for name in means)]
                for organ, summary in summaries.items()
            ),
        ],
        note="HD95: the 95 % Hausdorff distance. Pictures: the slices in which prediction and truth differ most.",
        facts=list_provenance(run["versions"], run["weights_sha256"], run["settings"]),
        settings=run["settings"],
    )


def _column(score: str) -> str:
    """The heading of a score."""
    if score.startswith("surface_dice_"):
        return f"surface Dice, {score.removeprefix('surface_dice_').removesuffix('mm')} mm"
    return _HEADINGS[score]


def _text(score: str, value: float | None) -> str:
    if value is None:
        return ""
    if math.isnan(value):
        return "not defined"
    if score == "volume_error_ml":
        return f"{value:+.1f}"
    return f"{value:.1f}" if score.endswith(("_95_mm", "_ml")) else f"{value:.3f}"


def _mean(score: str, statistics: Statistics | None) -> str:
    if statistics is None or statistics["mean"] is None:
        return "not defined"
    mean, deviation = statistics["mean"], statistics["std"]
    text = _text(score, mean) if deviation is None else f"{_text(score, mean)} ± {_text(score, deviation).lstrip('+')}"
    return f"{text} ({statistics['n']} defined)" if statistics["undefined"] else text
