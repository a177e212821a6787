# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Small comparisons for the tests: settings, scans in memory, and records of trainings that never ran."""

from __future__ import annotations

from typing import Any

import numpy as np

from monai_unet3plus.experiments.compare.settings import Settings
from monai_unet3plus.experiments.compare.training import Training
from monai_unet3plus.experiments.compare.volumes import Volume


def small_settings(**changed: Any) -> Settings:
    """Two systems, and cases a and b to train on, c and d of one patient and e to test on."""

    def case(name: str, patient: str) -> dict[str, str]:
        return {"image": name, "label": f"{name}_label", "patient": patient}

    values: dict[str, Any] = {
        "organ": "liver",
        "label_values": [1],
        "window": [-200, 250],
        "hu_step": 15,
        "pixel_size": 2.5,
        "max_slices": 4,
        "size": 48,
        "features": [4, 8, 16, 32, 64],
        "batch_size": 2,
        "organ_free_share": 0.25,
        "learning_rates": [0.001, 0.01],
        "steps": 3,
        "seeds": [1, 2],
        "systems": ["unet3plus", "unet"],
        "validation": ["2"],
        "training": [case("a", "1"), case("b", "2")],
        "testing": [case("c", "3"), case("d", "3"), case("e", "4")],
        "note": "Made up.",
    }
    return Settings(**{**values, **changed})


def small_volume(slices: int = 4) -> Volume:
    """A scan with a bright square in all slices but the last, no two slices alike."""
    mask = np.zeros((slices, 30, 34), np.uint8)
    mask[:-1, 5:20, 8:24] = 1
    image = 5 + 20 * mask + np.arange(slices, dtype=np.uint8)[:, None, None] % 5
    return Volume(image, mask, mask.repeat(2, axis=1).repeat(2, axis=2))


def made_up_record(training: Training, settings: Settings, dice: dict[str, float]) -> dict[str, Any]:
    """The record of a training that found this Dice in each case, of which every second organ-free slice is wrong."""
    counts = {"organ_free_slices": 4, "over_segmented_slices": 2, "organ_slices": 10, "missed_slices": 1}
    cases = {name: {"dice": value, **counts} for name, value in dice.items()}
    validation = {name: {"dice": 0.8 - 10 * training.learning_rate, **counts} for name in settings.splits[1]}
    return {
        **vars(training),
        "curve": [[1, 0.1], [10, 0.7], [19, 0.8], [20, 0.9]],
        "cases": cases,
        "validation_cases": validation,
        "device": "made up",
        "seconds": 1.0,
    }


def made_up_records(settings: Settings, dice: dict[str, float]) -> dict[Training, dict[str, Any]]:
    """Records of all trainings, where each system has one Dice, and the first learning rate is the better one."""
    records = {}
    for system in settings.systems:
        first, *others = settings.seeds
        trainings = [Training(system, rate, first) for rate in settings.learning_rates]
        trainings += [Training(system, settings.learning_rates[0], seed) for seed in others]
        for training in trainings:
            scores = {
                name: dice[system] + 0.01 * place + 0.001 * training.seed
                for place, name in enumerate(settings.splits[2])
            }
            records[training] = made_up_record(training, settings, scores)
    return records
