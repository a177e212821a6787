# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Splits of cases into training, validation and test cases, by folder or by a data list."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.config import PathLike

from ..utils.errors import InputError
from .case_keys import LABEL_VALUES
from .cases import labelled_cases

__all__ = ["annotated_cases", "check_label_values", "sampling_weights", "split_cases", "training_cases", "unseen_cases"]

logger = logging.getLogger(__name__)

Case = dict[str, Any]

# LiTS: "Training Batch 1" is volumes 0 to 27, "Training Batch 2" 28 to 130. The paper's 28 / 103 cases are these.
_LITS_VALIDATION = range(28)


def training_cases(dataset_dir: PathLike, datalist_file: PathLike | None = None) -> list[Case]:
    """
    List the cases to train on and validate with.

    Args:
        dataset_dir: folder of the data set, see :py:func:`monai_unet3plus.data.cases.labelled_cases`.
        datalist_file: JSON file with ``{"training": [{"image": ..., "label": ..., "fold": 0, "annotated": ["liver"]},
            ...]}``, of which all but the first two may be missing; paths are relative to ``dataset_dir``. A case may
            also have "patient", who is in one fold only; "weight", how often it is drawn, 1 by default;
            "intensity_range", the lowest and the highest HU of a file that keeps no others; and
            "spacing_known", false where the file's spacing is a guess. Defaults to None, the folders' own content.

    Raises:
        InputError: When the file does not exist or is not like that, a case is listed twice, or an image or a label
            is missing.
    """
    if datalist_file is None:
        return labelled_cases(dataset_dir)
    path, root = Path(datalist_file), Path(dataset_dir)
    if not path.is_file():
        raise InputError(f"datalist_file: expected a JSON file, but {path} does not exist.")
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["training"]
        cases = [{**case, "image": str(root / case["image"]), "label": str(root / case["label"])} for case in listed]
    except (ValueError, KeyError, TypeError) as e:
        raise InputError(
            f'datalist_file: expected {path} to have a list "training" of {{"image": ..., "label": ...}}, '
            f"but found {type(e).__name__}: {e}."
        ) from e
    missing = [case[key] for case in cases for key in ("image", "label") if not os.path.exists(case[key])]
    if missing or not cases:
        raise InputError(f"datalist_file: {path} lists {len(cases)} cases, of which files are missing: {missing[:3]}.")
    images = [os.path.abspath(case["image"]) for case in cases]
    twice = sorted({image for image in images if images.count(image) > 1})
    if twice:
        raise InputError(f"datalist_file: {path} lists a case twice: {twice[0]}.")
    return cases


def annotated_cases(
    cases: Sequence[Case],
    organs: Sequence[str],
    annotated: Mapping[str, Any] | Sequence[str] | None = None,
    complete: bool = True,
) -> list[Case]:
    """
    Turn the names in a case's "annotated" into one truth value per organ; a case that has none annotates all.

    "annotated" is a list of organs, or maps them to the case's own label values, as ``{"spleen": 1}``, where data sets
    differ in them; the mapping stays in "label_values". Others than ``organs`` are passed over, with a
    warning.

    Args:
        organs: names of the organs.
        annotated: the same for cases that do not say it themselves. Defaults to None: these annotate all.
        complete: whether each organ has to be annotated in some case, as training needs it. Defaults to True.

    Raises:
        InputError: When an organ is annotated nowhere and ``complete`` is set, or no organ is annotated anywhere.
    """
    result = []
    passed_over: set[str] = set()
    for case in cases:
        names = case.get("annotated", list(organs) if annotated is None else annotated)
        passed_over.update(set(names) - set(organs))
        case = {**case, "annotated": np.array([organ in names for organ in organs])}
        if isinstance(names, dict):
            case[LABEL_VALUES] = {organ: names[organ] for organ in organs if organ in names}
        result.append(case)
    if passed_over:
        logger.warning("annotated in some cases, but not among the organs: %s", sorted(passed_over))
    nowhere = [organ for k, organ in enumerate(organs) if not any(case["annotated"][k] for case in result)]
    if nowhere and (complete or len(nowhere) == len(organs)):
        raise InputError(f"organs: expected each to be annotated in some case, but {nowhere} are in none.")
    return result


def split_cases(
    cases: Sequence[Case], split: str = "random", val_fraction: float = 0.2, seed: int = 0, fold: int = 0
) -> tuple[list[Case], list[Case]]:
    """
    Split cases into some for training and some for validation, at least one each.

    Args:
        cases: at least two cases.
        split: "random"; "lits" for the paper's 103 / 28 cases of LiTS, also in the Decathlon's numbering; "fold", by
            the cases' "fold"; "all", to train on all and validate on none; or "none", to evaluate weights that come
            from elsewhere on all.
        val_fraction: share of the cases for validation in a random split, between 0 and 1.
        seed: of the random order.
        fold: the fold that validates.

    Raises:
        InputError: When ``split`` is none of these, cases have no number or no fold, a patient would be on both sides,
            or a side would be empty.
    """
    if split == "all":
        return list(cases), []
    if split == "none":
        return [], list(cases)
    if len(cases) < 2:
        raise InputError(
            f"dataset_dir: expected at least 2 labelled cases, to train on one and validate on another, but found "
            f'{len(cases)}. Add CTs with label maps, or set split to "all", to train on all and validate on none, or '
            'to "none", to evaluate all.'
        )
    if split == "random":
        held_out = _random_patients(cases, val_fraction, seed)
    elif split == "lits":
        held_out = {i for i, case in enumerate(cases) if _parse_number(case) in _LITS_VALIDATION}
    elif split == "fold":
        without = [case["image"] for case in cases if "fold" not in case]
        if without:
            raise InputError(f'split: expected each case to have a "fold", but {len(without)} have none: {without[0]}.')
        held_out = {i for i, case in enumerate(cases) if case["fold"] == fold}
    else:
        raise InputError(f'split: expected "random", "all", "none", "lits" or "fold", but found {split!r}.')
    _check_patients(cases, held_out)
    if not 0 < len(held_out) < len(cases):
        name = f"fold {fold}" if split == "fold" else repr(split)
        raise InputError(
            f"split: expected cases on both sides, but {name} puts {len(held_out)} of {len(cases)} into validation."
        )
    return [c for i, c in enumerate(cases) if i not in held_out], [c for i, c in enumerate(cases) if i in held_out]


def sampling_weights(cases: Sequence[Case]) -> list[float]:
    """
    How often each case is drawn in training, in proportion: its "weight", or 1.

    A single slice and a volume of hundreds of slices are one case each; the weight makes up for it.

    Raises:
        InputError: When a weight is negative, or all are 0.
    """
    weights = [float(case.get("weight", 1)) for case in cases]
    if min(weights) < 0 or not any(weights):
        raise InputError(f"datalist_file: expected weights from 0 up, and some above, but found {weights[:5]}.")
    return weights


def unseen_cases(
    dataset_dir: PathLike,
    organs: Sequence[str],
    datalist_file: PathLike | None = None,
    annotated: Mapping[str, Any] | Sequence[str] | None = None,
    **split: Any,
) -> list[Case]:
    """
    The cases to evaluate on: those of ``imagesTs`` if ``labelsTs`` exists, else, and with a list, the validation cases.

    With the split "none" these are all cases that could be trained on, for weights that come from elsewhere.

    Args:
        dataset_dir: folder in the layout of the Medical Segmentation Decathlon; with ``labelsTs`` it need not have any
            cases to train on.
        organs: names of the organs.
        datalist_file: list of the cases that training was done on. Defaults to None, the folders' own content.
        annotated: the organs that label maps annotate, see :py:func:`annotated_cases`. Defaults to None: all.
        split: arguments of :py:func:`split_cases`, as in training.

    Raises:
        InputError: When there are no such cases.
    """
    everything = split.get("split") == "none"
    if datalist_file is None and not everything and (Path(dataset_dir) / "labelsTs").is_dir():
        cases, origin = labelled_cases(dataset_dir, "Ts"), "imagesTs and labelsTs"
    else:
        cases = split_cases(training_cases(dataset_dir, datalist_file), **split)[1]
        origin = "all cases" if everything else "the validation split"
    cases = annotated_cases(cases, organs, annotated, complete=False)
    logger.info("evaluating on %d cases, of %s", len(cases), origin)
    return cases


def check_label_values(values: set[int], organs: Mapping[str, Any]) -> None:
    """
    Refuse to train an organ that no label map has.

    Args:
        values: positions of organs that occur, counted from 1.
        organs: maps each organ's name to its label values.

    Raises:
        InputError: When an organ does not occur.
    """
    absent = {organ: organs[organ] for k, organ in enumerate(organs, start=1) if k not in values}
    if absent:
        raise InputError(f"organs: expected label values of each organ in some training case, but none has {absent}.")


def _patient(case: Case, index: int) -> Any:
    return case.get("patient", index)


def _random_patients(cases: Sequence[Case], val_fraction: float, seed: int) -> set[int]:
    """Positions of the cases of a random share of the patients, at least one."""
    patients = [_patient(case, index) for index, case in enumerate(cases)]
    unique = list(dict.fromkeys(patients))
    order = np.random.RandomState(seed).permutation(len(unique))
    count = min(max(round(val_fraction * len(unique)), 1), len(unique) - 1)
    chosen = {unique[index] for index in order[:count]}
    return {index for index, patient in enumerate(patients) if patient in chosen}


def _check_patients(cases: Sequence[Case], held_out: set[int]) -> None:
    """Raise if a patient is on both sides of a split."""
    sides: dict[Any, set[bool]] = {}
    for index, case in enumerate(cases):
        sides.setdefault(_patient(case, index), set()).add(index in held_out)
    both = [patient for patient, found in sides.items() if len(found) > 1]
    if both:
        raise InputError(
            f"split: expected each patient in training or in validation, but {len(both)} are in both: {both[:3]}."
        )


def _parse_number(case: Case) -> int:
    found = re.search(r"(\d+)\D*$", Path(case["image"]).name.split(".")[0])
    if found is None:
        raise InputError(f'split: "lits" goes by the number in the file name, but {case["image"]} has none.')
    return int(found.group(1))
