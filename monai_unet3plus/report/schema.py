# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The files of reports, written and read: cases.csv, summary.json and summary.csv, report.json."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from ..metrics.summary import OrganSummary, Statistics
from ..utils.errors import InputError
from ..utils.files import remove_leftovers, replacing

__all__ = ["InferenceCase", "InferenceRun", "read_cases", "read_run", "read_summary"]
__all__ += ["write_cases", "write_run", "write_summary"]

Cases = Mapping[str, Mapping[str, Mapping[str, "float | None"]]]


class InferenceCase(TypedDict):
    """
    A case in ``report.json``.

    ``status`` is "segmented", "unchanged" (it had its mask) or "failed". ``image`` is the path below the data set;
    ``mask`` is the path of its mask below the folder of the masks, None when the run kept no records;
    ``reason`` says why the case failed, ``remarks`` are its warnings, ``seconds`` the time for inference and writing.
    ``organs`` has the facts of each organ's mask, see :py:func:`monai_unet3plus.metrics.mask_facts.mask_facts`, and
    "flags", the reasons to look at it.
    """

    image: str
    mask: str | None
    status: str
    reason: str
    remarks: list[str]
    seconds: float
    organs: dict[str, dict[str, Any]]


class InferenceRun(TypedDict):
    """
    The content of ``report.json``.

    ``dataset_dir`` is the folder, or the file, of the CTs; ``counts`` is the number of cases by status, and of those
    "not_tried"; ``started`` is in ISO 8601; ``weights_sha256`` and ``settings`` are None and empty when the
    run kept no records.
    """

    package: str
    weights_sha256: str | None
    settings: dict[str, Any]
    versions: dict[str, str]
    warning: str
    dataset_dir: str
    started: str
    seconds: float
    counts: dict[str, int]
    cases: list[InferenceCase]


def write_run(file: Path, run: InferenceRun) -> None:
    """Write ``report.json``, whole or not at all."""
    remove_leftovers(file)
    with replacing(file) as path:
        path.write_text(json.dumps(run, indent=4, allow_nan=False), encoding="utf-8")


def read_run(file: Path) -> InferenceRun:
    """Read the ``report.json`` of an inference run."""
    return json.loads(file.read_text(encoding="utf-8"))


def write_cases(file: Path, cases: Cases, metrics: Sequence[str]) -> None:
    """
    Write ``cases.csv``: a row for each case and organ. An undefined value is "nan", one that was not measured blank.

    Args:
        cases: scores by case, organ and metric, as :py:func:`monai_unet3plus.metrics.organ_scores` returns them.
        metrics: names of the columns.
    """
    rows = [
        [case, organ, *(_text(scores[name]) for name in metrics)]
        for case, organs in cases.items()
        for organ, scores in organs.items()
    ]
    _write_csv(file, ["case", "organ", *metrics], rows)


def read_cases(file: Path) -> dict[str, dict[str, dict[str, float | None]]]:
    """
    Read the ``cases.csv`` of an evaluation.

    Returns:
        scores by case, organ and metric; NaN where a value is not defined, None where it was not measured.
    """
    cases: dict[str, dict[str, dict[str, float | None]]] = {}
    with file.open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            case, organ = row.pop("case"), row.pop("organ")
            scores = {name: float(value) if value else None for name, value in row.items()}
            cases.setdefault(case, {})[organ] = scores
    return cases


def write_summary(folder: Path, organs: Mapping[str, OrganSummary], tolerance_mm: float) -> None:
    """
    Write ``summary.json`` and, with a row for each organ and metric, ``summary.csv``.

    Args:
        organs: summary of each organ, see :py:func:`monai_unet3plus.metrics.summarize`.
        tolerance_mm: of the surface Dice.
    """
    settings = {"surface_dice_tolerance_mm": tolerance_mm, "hausdorff_percentile": 95, "std": "n - 1"}
    text = json.dumps({"settings": settings, "organs": organs}, indent=4, allow_nan=False, ensure_ascii=False)
    with replacing(folder / "summary.json") as path:
        path.write_text(text, encoding="utf-8")
    header = ["organ", "metric", "cases", "empty_truths", "empty_predictions", *Statistics.__annotations__]
    rows = [
        [organ, metric, summary["cases"], len(summary["empty_truths"]), len(summary["empty_predictions"])]
        + [_text(value) for value in dict[str, Any](statistics).values()]
        for organ, summary in organs.items()
        for metric, statistics in summary["metrics"].items()
    ]
    _write_csv(folder / "summary.csv", header, rows)


def read_summary(file: Path) -> dict[str, OrganSummary]:
    """
    Read the ``summary.json`` of an evaluation.

    Returns:
        the summary of each organ.

    Raises:
        InputError: When the file cannot be read or is not such a summary.
    """
    try:
        organs = json.loads(file.read_text(encoding="utf-8"))["organs"]
        missing = {key for summary in organs.values() for key in OrganSummary.__annotations__.keys() - summary.keys()}
        if missing:
            raise KeyError(*missing)
        return organs
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise InputError(
            f"{file}: expected the summary.json of an evaluation, but reading it gave {type(e).__name__}: {e}."
        ) from e


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return "nan" if math.isnan(value) else f"{value:.6g}"


def _write_csv(file: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with replacing(file) as path, path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        writer.writerows(rows)
