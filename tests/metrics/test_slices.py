# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import unittest

import numpy as np
import torch
from parameterized import parameterized

from monai_unet3plus.metrics import over_segmentation, presence_accuracy


def mask(*slices: int) -> np.ndarray:
    """Six slices of which some hold a single voxel."""
    volume = np.zeros((4, 3, 6), np.uint8)
    volume[1, 2, list(slices)] = 1
    return volume


class TestOverSegmentation(unittest.TestCase):
    @parameterized.expand(
        [
            ("none", mask(2, 3), mask(2, 3), 0.0),
            ("one_of_four", mask(1, 2), mask(2, 3), 0.25),
            ("every_one", mask(0, 1, 4, 5), mask(2, 3), 1.0),
            ("no_organ", mask(0, 1, 2), mask(), 0.5),
            ("nothing_predicted", mask(), mask(2), 0.0),
        ]
    )
    def test_share_of_slices_without_organ(
        self, _: str, prediction: np.ndarray, truth: np.ndarray, share: float
    ) -> None:
        self.assertEqual(over_segmentation(prediction, truth), share)
        self.assertEqual(over_segmentation(torch.from_numpy(prediction), torch.from_numpy(truth)), share)

    def test_not_defined_without_organ_free_slices(self) -> None:
        self.assertTrue(math.isnan(over_segmentation(mask(0), mask(0, 1, 2, 3, 4, 5))))


class TestPresenceAccuracy(unittest.TestCase):
    def test_counts_right_verdicts_of_both_kinds(self) -> None:
        margins = torch.tensor([-1.0, 0.5, 2.0, -0.1, 0.0, 3.0])  # present in 1, 2 and 5; truth in 2, 3 and 5
        self.assertAlmostEqual(presence_accuracy(margins, mask(2, 3, 5)), 4 / 6)

    def test_needs_a_margin_per_slice(self) -> None:
        with self.assertRaisesRegex(ValueError, "6 presence margins"):
            presence_accuracy(torch.zeros(5), mask(1))


if __name__ == "__main__":
    unittest.main()
