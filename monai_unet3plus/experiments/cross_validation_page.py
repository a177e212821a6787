# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of a cross-validation: scores by source and organ, and by patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch

__all__ = ["Result", "write_page"]

Scores = dict[str, "float | None"]

# Labels of these organs are themselves the output of a network; no score against them is shown.
_PREDICTED = {("lits", "spleen"), ("totalsegmentator", "liver"), ("totalsegmentator", "spleen")}


class Result(NamedTuple):
    """The scores of one organ in one case of the list, with the classifier's gate and without it."""

    case: dict[str, Any]
    organ: str
    scores: Scores
    ungated: Scores


def write_page(
    results: Sequence[Result],
    folds: Sequence[int],
    number_of_folds: int,
    command: Sequence[str],
    checkpoint: Path | None,
) -> str:
    """
    Write the scores as a page of Markdown.

    Args:
        results: of all cases.
        folds: the folds that were done, from 0.
        number_of_folds: that the list has.
        command: arguments of the command.
        checkpoint: the file that was evaluated on all folds; None where each fold has a network of its own.
    """
    shown = [r for r in results if (r.case["source"], r.organ) not in _PREDICTED]
    sources = list(dict.fromkeys((r.case["source"], r.organ) for r in shown))
    lines = [
        "# Cross-validation",
        "",
        f"Written by `python -m monai_unet3plus.experiments.cross_validation {' '.join(command)}`.",
        f"{_device()}, torch {torch.__version__}.",
        f"Folds done: {', '.join(map(str, folds))}, of 0 to {number_of_folds - 1}; raw masks, nothing removed.",
        (
            "The file was evaluated as it is; it may have been trained on these patients."
            if checkpoint is not None
            else "The network of a fold has seen no slice of the patients that it is tested on."
        ),
        "False-positive slices are those without the organ in which some is found, of all without it. Surface Dice is",
        "shown where the spacing is known. Scores against labels that are a network's own output are not shown.",
        "",
        "| source | organ | patients | Dice, mean | Dice, lowest | surface Dice at 2 mm | false-positive slices |"
        " the same without the classifier | classifier's accuracy |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for source, organ in sources:
        lines.append(_source_row([r for r in shown if (r.case["source"], r.organ) == (source, organ)]))
    lines += [
        "",
        "| patient | source | organ | slices | Dice | surface Dice at 2 mm | false-positive slices |",
        "|---|---|---|---|---|---|---|",
    ]
    for source, organ in sources:
        by_patient: dict[str, list[Result]] = {}
        for result in shown:
            if (result.case["source"], result.organ) == (source, organ):
                by_patient.setdefault(result.case["patient"], []).append(result)
        lines += [_patient_row(patient, found) for patient, found in by_patient.items()]
    return "\n".join(lines) + "\n"


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    level = torch.backends.cpu.get_cpu_capability()
    return f"A processor with {level}, {threads} {'thread' if threads == 1 else 'threads'}"


def _source_row(results: Sequence[Result]) -> str:
    patients: dict[str, list[Result]] = {}
    for result in results:
        patients.setdefault(result.case["patient"], []).append(result)
    dice = [value for found in patients.values() if (value := _dice(found)) is not None]
    accuracy = _share(results, lambda r: r.scores["presence_accuracy"], lambda r: r.scores["slices"])
    return _row(
        results[0].case["source"],
        results[0].organ,
        len(patients),
        _text(fmean(dice) if dice else None),
        _text(min(dice, default=None)),
        _text(_surface_dice(results)),
        _false_positives(results, lambda r: r.scores),
        _false_positives(results, lambda r: r.ungated),
        _percent(accuracy),
    )


def _patient_row(patient: str, results: Sequence[Result]) -> str:
    return _row(
        patient,
        results[0].case["source"],
        results[0].organ,
        int(sum(r.scores["slices"] or 0 for r in results)),
        _text(_dice(results)),
        _text(_surface_dice(results)),
        _false_positives(results, lambda r: r.scores),
    )


def _dice(results: Sequence[Result]) -> float | None:
    """The mean over a patient's cases in which the organ is."""
    return _mean([r.scores["dice"] for r in results if r.scores["truth_ml"]])


def _surface_dice(results: Sequence[Result]) -> float | None:
    known = [r for r in results if r.case.get("spacing_known", True) and r.scores["truth_ml"]]
    return _mean([r.scores["surface_dice_2mm"] for r in known])


def _false_positives(results: Sequence[Result], select: Callable[[Result], Scores]) -> str:
    free = [int(select(r)["organ_free_slices"] or 0) for r in results]
    found = [n * (select(r)["over_segmentation"] or 0.0) if n else 0.0 for n, r in zip(free, results)]
    return f"{round(sum(found))} of {sum(free)}" if sum(free) else ""


def _share(
    results: Sequence[Result], share: Callable[[Result], float | None], count: Callable[[Result], float | None]
) -> float | None:
    pairs = [(value, count(r) or 0) for r in results if (value := share(r)) is not None]
    total = sum(number for _, number in pairs)
    return sum(value * number for value, number in pairs) / total if total else None


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None and not math.isnan(value)]
    return fmean(defined) if defined else None


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
