# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandStreaksd
from tests.transforms.synthesis.slabs import abdomen


class TestRandStreaksd(unittest.TestCase):
    def test_noise_runs_from_left_to_right(self) -> None:
        data = abdomen()
        for seed in range(5):
            noise = RandStreaksd("image", "label", prob=1.0).set_random_state(seed)(data)["image"] - data["image"]
            along, across = (float(noise.diff(dim=axis).abs().mean()) for axis in (1, 2))
            self.assertLess(along, 0.5 * across)

    def test_std_bounds_the_noise(self) -> None:
        data = abdomen()
        noise = (
            RandStreaksd("image", "label", std=(20, 20), prob=1.0).set_random_state(0)(data)["image"] - data["image"]
        )
        self.assertLess(float(noise.std()), 20.5)
        self.assertGreater(float(noise.std()), 4)
        self.assertLess(abs(float(noise.mean())), 2)

    def test_label_stays(self) -> None:
        data = abdomen()
        self.assertIs(RandStreaksd("image", "label", prob=1.0)(data)["label"], data["label"])
        self.assertIsInstance(RandStreaksd("image", "label", prob=1.0)(data)["image"], torch.Tensor)


if __name__ == "__main__":
    unittest.main()
