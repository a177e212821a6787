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


Patients = dict[str, list[Result]]


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
    groups: dict[tuple[str, str], Patients] = {}
    for result in results:
        key = (result.case["source"], result.organ)
        if key not in _PREDICTED:
            groups.setdefault(key, {}).setdefault(result.case["patient"], []).append(result)
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
    lines += [_source_row(*key, patients) for key, patients in groups.items()]
    lines += [
        "",
        "| patient | source | organ | slices | Dice | surface Dice at 2 mm | false-positive slices |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, patients in groups.items():
        lines += [_patient_row(patient, *key, found) for patient, found in patients.items()]
    return "\n".join(lines) + "\n"


def _device() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    level = torch.backends.cpu.get_cpu_capability()
    return f"A processor with {level}, {threads} {'thread' if threads == 1 else 'threads'}"


def _source_row(source: str, organ: str, patients: Patients) -> str:
    results = [result for found in patients.values() for result in found]
    dice = [value for found in patients.values() if (value := _dice(found)) is not None]
    judged = [r.scores for r in results if r.scores["presence_accuracy"] is not None]
    slices = sum(scores["slices"] or 0 for scores in judged)
    right = sum((scores["presence_accuracy"] or 0) * (scores["slices"] or 0) for scores in judged)
    return _row(
        source,
        organ,
        len(patients),
        _text(fmean(dice) if dice else None),
        _text(min(dice, default=None)),
        _text(_surface_dice(results)),
        _false_positives(results, lambda r: r.scores),
        _false_positives(results, lambda r: r.ungated),
        f"{100 * right / slices:.1f} %" if slices else "",
    )


def _patient_row(patient: str, source: str, organ: str, results: Sequence[Result]) -> str:
    return _row(
        patient,
        source,
        organ,
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


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None and not math.isnan(value)]
    return fmean(defined) if defined else None


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
