# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Lists of cases, as MONAI's decathlon format has them under "training"."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..utils.errors import InputError
from ..utils.files import replacing

__all__ = ["Case", "check_folds", "find_root", "read_list", "write_list"]

Case = dict[str, Any]


def read_list(file: Path) -> list[Case]:
    """
    Read the cases.

    Args:
        file: JSON file with ``{"training": [{"image": ..., "label": ...}, ...]}``.
    """
    return json.loads(file.read_text(encoding="utf-8"))["training"]


def write_list(cases: Sequence[Case], file: Path) -> None:
    """Write a list, whole or not at all."""
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps({"training": list(cases)}, indent=1), encoding="utf-8")


def find_root(cases: Sequence[Case]) -> str:
    """Find the folder that all images are in."""
    return os.path.commonpath([os.path.dirname(case["image"]) for case in cases])


def check_folds(cases: Sequence[Case], folds: Sequence[int]) -> None:
    """
    Check that each network has patients to learn from, and that no network learns from patients of its fold.

    Args:
        cases: list of cases.
        folds: those that a network is trained for.

    Raises:
        InputError: When a case has no fold, no case is of a fold, or no other fold has a case that is drawn.
    """
    for case in cases:
        if "fold" not in case:
            raise InputError(f"datalist_file: expected a fold for each case, but {case['image']} has none.")
    listed = {case["fold"] for case in cases}
    drawn = {case["fold"] for case in cases if case.get("weight", 1) > 0}
    for fold in folds:
        if fold not in listed:
            raise InputError(f"folds: expected folds of the list, but no case is of fold {fold}.")
        if not drawn - {fold}:
            raise InputError(
                f"folds: expected cases of other folds to learn from, but fold {fold} has all cases that are drawn."
            )
