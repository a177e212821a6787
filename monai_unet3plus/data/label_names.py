# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of the organs' label values against the names in the data set's dataset.json."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai.config import PathLike
from monai.utils import ensure_tuple

from ..utils.errors import InputError

__all__ = ["check_label_names"]

logger = logging.getLogger(__name__)

_LITS = {1: "liver", 2: "tumour"}  # LiTS as it is downloaded has no file that says so
_LESIONS = ("cancer", "lesion", "metastas", "tumor", "tumour")


def check_label_names(dataset_dir: PathLike, organs: Mapping[str, int | Sequence[int]]) -> None:
    """
    Refuse to train an organ on label values that the data set calls another or a lesion, and warn of other names.

    The names of the values stand in the "labels" of its ``dataset.json``, as the Medical Segmentation
    Decathlon (``{"1": "liver"}``) or nnU-Net (``{"liver": 1}``) write them. One that says nothing passes.

    Args:
        dataset_dir: folder of the data set.
        organs: maps each organ's name to its label values. One of these has to have the organ's name, or a part of it;
            others may have other names, such as the liver's tumours.

    Raises:
        InputError: When none has, and one is called a lesion, or like another organ, or another value is called like
            the organ.
    """
    names = _names_in(Path(dataset_dir))
    for organ, values in organs.items():
        called = {value: names[value] for value in ensure_tuple(values) if value in names}
        if not called or any(_are_alike(organ, name) for name in called.values()):
            continue
        sentence = f"organs: {organ!r} is value {values}, but the data set in {dataset_dir} calls it {called}."
        others = [*_LESIONS, *(other for other in organs if other != organ)]
        if any(_are_alike(other, name) for other in others for name in called.values()) or any(
            _are_alike(organ, name) for name in names.values()
        ):
            raise InputError(
                f"{sentence} Say which values make up which organ, for instance --organs \"{{'liver': [1, 2]}}\"."
            )
        logger.warning("%s Is it the organ?", sentence)


def _names_in(folder: Path) -> dict[int, str]:
    file = folder / "dataset.json"
    if not file.is_file():
        lits = not (folder / "imagesTr").is_dir() and next(folder.rglob("segmentation-*.nii*"), None) is not None
        return _LITS if lits else {}
    try:
        labels: Any = json.loads(file.read_text(encoding="utf-8")).get("labels", {})
        if all(str(key).isdigit() for key in labels):
            return {int(value): str(name) for value, name in labels.items()}
        return {int(value): str(name) for name, values in labels.items() for value in ensure_tuple(values)}
    except (ValueError, AttributeError, TypeError):
        return {}  # the error comes when the cases are read


def _are_alike(organ: str, name: str) -> bool:
    organ, name = organ.lower(), name.lower()
    return organ in name or name in organ
