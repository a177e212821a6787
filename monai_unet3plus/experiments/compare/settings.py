# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of a comparison, a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ...utils.errors import InputError

__all__ = ["Settings", "read_settings"]


@dataclass(frozen=True)
class Settings:
    """
    All that the figures of a comparison depend on, besides the data.

    Args:
        organ: name of the organ that is segmented, for instance "liver".
        label_values: its values in the label files.
        window: lowest and highest HU.
        hu_step: HU between two of the values that are kept, so that the prepared file is small.
        pixel_size: that slices are resampled to, in mm.
        max_slices: of a scan with more slices every n-th is kept, so that these are left.
        size: pixels of a slab along both axes; slices are padded to it.
        features: the bundle's variable ``features``, the same for all systems.
        batch_size: slabs of a step.
        organ_free_share: share of slabs whose middle slice is free of the organ.
        learning_rates: to choose from, for each system.
        steps: steps of a training.
        seeds: of the trainings; with the first one, all learning rates are tried.
        systems: names of files in the bundle's ``configs/systems``.
        validation: patients of the training cases who choose the learning rate and are not trained on.
        training: cases, ``{"image": ..., "label": ..., "patient": ...}``, paths relative to the data set's folder.
        testing: cases that are tested on.
        note: sentences for the page, for instance the source and the licence of the data.
    """

    organ: str
    label_values: list[int]
    window: list[float]
    hu_step: float
    pixel_size: float
    max_slices: int
    size: int
    features: list[int]
    batch_size: int
    organ_free_share: float
    learning_rates: list[float]
    steps: int
    seeds: list[int]
    systems: list[str]
    validation: list[str]
    training: list[dict[str, str]]
    testing: list[dict[str, str]]
    note: str

    @property
    def cases(self) -> dict[str, dict[str, str]]:
        """All cases by the path of their image."""
        return {case["image"]: case for case in [*self.training, *self.testing]}

    @property
    def levels(self) -> int:
        """The largest value that is kept of an image; 0 is the smallest."""
        return round((self.window[1] - self.window[0]) / self.hu_step)

    def patient(self, case: str) -> str:
        """Who a case is of."""
        return self.cases[case]["patient"]

    @property
    def splits(self) -> tuple[list[str], list[str], list[str]]:
        """The cases that are trained on, those that choose the learning rate, and those that are tested on."""
        names = [case["image"] for case in self.training]
        held_out = [name for name in names if self.patient(name) in self.validation]
        trained = [name for name in names if name not in held_out]
        return trained, held_out, [case["image"] for case in self.testing]


def read_settings(path: Path) -> Settings:
    """
    Read a settings file.

    Args:
        path: JSON file with a value for each argument of :py:class:`Settings`.

    Raises:
        InputError: When the file does not exist or has other names in it, a patient is trained on and tested on, or
            the validation patients are not some of those to train on.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise InputError(f"settings: expected a JSON file, but {path} can't be read: {e}.") from e
    names = {field.name for field in fields(Settings)}
    if values.keys() != names:
        raise InputError(f"settings: expected {path} to have {sorted(names)}, but got {sorted(values)}.")
    settings = Settings(**values)
    trained, tested = ({case["patient"] for case in cases} for cases in (settings.training, settings.testing))
    if trained & tested:
        raise InputError(f"settings: patients {sorted(trained & tested)} of {path} are in training and in testing.")
    if not set(settings.validation) < trained:
        raise InputError(f"settings: expected validation to be some of the patients {sorted(trained)} of {path}.")
    return settings
