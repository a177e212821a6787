# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch
from monai.metrics import compute_dice
from parameterized import parameterized

from monai_unet3plus.metrics import dice, volume_error


class TestDice(unittest.TestCase):
    def test_value_by_hand(self) -> None:
        truth, prediction = np.zeros((2, 4, 4, 4), np.uint8)
        truth[:2], prediction[1:4] = 1, 1  # 32 and 48 voxels, 16 in common
        self.assertEqual(dice(prediction, truth), 0.4)

    @parameterized.expand([("none", 0, 0, 1.0), ("truth", 0, 1, 0.0), ("prediction", 1, 0, 0.0)])
    def test_empty_masks(self, _: str, prediction: int, truth: int, expected: float) -> None:
        self.assertEqual(dice(np.full((3, 3, 3), prediction), np.full((3, 3, 3), truth)), expected)

    @parameterized.expand([(0.0,), (0.01,), (0.5,), (1.0,)])
    def test_equals_monai(self, share: float) -> None:
        torch.manual_seed(0)
        prediction, truth = torch.rand(2, 1, 1, 9, 8, 7) < share
        expected = compute_dice(prediction, truth, ignore_empty=False)
        self.assertAlmostEqual(dice(prediction[0, 0], truth[0, 0]), float(expected), places=6)

    def test_masks_of_different_shapes_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "one shape"):
            dice(np.ones((4, 4, 4)), np.ones((4, 4, 1)))


class TestVolumeError(unittest.TestCase):
    @parameterized.expand([(1.0,), (5.0,)])
    def test_same_mask_at_thin_and_thick_slices(self, thickness: float) -> None:
        truth, prediction = np.zeros((2, 10, 10, round(50 / thickness)), np.uint8)
        truth[2:8, 2:6, : round(20 / thickness)] = 1  # 6 x 4 pixels of 2 x 1.5 mm, 20 mm: 1.44 ml
        prediction[2:8, 2:6, : round(35 / thickness)] = 1
        spacing = (2.0, 1.5, thickness)
        self.assertAlmostEqual(volume_error(prediction, truth, spacing), 1.08)
        self.assertAlmostEqual(volume_error(truth, prediction, spacing), -1.08)

    def test_nothing_predicted_misses_the_whole_volume(self) -> None:
        truth = torch.ones(10, 10, 10, dtype=torch.uint8)
        self.assertAlmostEqual(volume_error(torch.zeros_like(truth), truth, (1, 1, 1)), -1.0)


if __name__ == "__main__":
    unittest.main()
