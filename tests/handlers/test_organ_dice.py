# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
import torch.distributed as dist
from monai.data import MetaTensor

from monai_unet3plus.handlers import OrganDice
from tests.processes import run_in_processes

# Dice by organ of three cases: masks of four voxels each.
CASES = {
    "a": ([[1, 1, 0, 0], [1, 0, 0, 0]], [[1, 1, 0, 0], [0, 1, 0, 0]]),  # 1, 0
    "b": ([[1, 0, 0, 0], [1, 1, 1, 1]], [[1, 1, 0, 0], [255, 255, 255, 255]]),  # 2/3, not annotated
    "c": ([[0, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 0, 0], [1, 1, 1, 1]]),  # 1 (both empty), 0
}
EXPECTED = ((1 + 2 / 3 + 1) / 3 + (0 + 0) / 2) / 2


def update(metric: OrganDice, *names: str) -> None:
    for name in names:
        prediction, label = (torch.tensor(masks, dtype=torch.uint8)[..., None] for masks in CASES[name])
        metric.update(([prediction], [MetaTensor(label, meta={"filename_or_obj": name})]))


def measure_by_rank() -> float:
    metric = OrganDice()
    update(metric, *(["a", "c"] if dist.get_rank() == 0 else ["b", "a"]))  # "a" was repeated to make both even
    return metric.compute()


class TestOrganDice(unittest.TestCase):
    def test_mean_over_cases_then_over_organs(self) -> None:
        metric = OrganDice()
        update(metric, "a", "b", "c")
        self.assertAlmostEqual(metric.compute(), EXPECTED)
        metric.reset()
        update(metric, "b")
        self.assertAlmostEqual(metric.compute(), 2 / 3)

    def test_crops_of_one_case_count_each(self) -> None:
        metric = OrganDice()
        update(metric, "a", "a", "b")
        self.assertAlmostEqual(metric.compute(), ((1 + 1 + 2 / 3) / 3 + 0) / 2)

    def test_case_repeated_in_another_process_counts_once(self) -> None:
        for value in run_in_processes(measure_by_rank):
            self.assertAlmostEqual(value, EXPECTED)


if __name__ == "__main__":
    unittest.main()
