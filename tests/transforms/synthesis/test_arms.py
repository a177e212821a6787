# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandArmsd
from tests.transforms.synthesis.slabs import AIR, abdomen


class TestRandArmsd(unittest.TestCase):
    def test_arms_lie_in_the_air_beside_the_body(self) -> None:
        data = {
            key: torch.nn.functional.pad(value, (0, 0, 40, 40), value=pad)
            for (key, value), pad in zip(abdomen().items(), (AIR, 0))
        }
        outside = data["image"] < AIR + 40
        for seed in range(6):
            out = RandArmsd("image", "label", prob=1.0).set_random_state(seed)(data)
            changed = (out["image"] - data["image"]).abs() > 20
            self.assertGreater(int(changed.sum()), 500)
            self.assertFalse(bool((changed & ~outside).any()))
            self.assertGreater(float(out["image"][changed].max()), 150)  # bone
            self.assertIs(out["label"], data["label"])

    def test_picture_that_shows_no_air_stays(self) -> None:
        data = abdomen()
        data["image"] = data["image"].clip(0, 255)
        torch.testing.assert_close(RandArmsd("image", "label", prob=1.0)(data)["image"], data["image"])


if __name__ == "__main__":
    unittest.main()
