# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandLimbsd
from tests.transforms.synthesis.slabs import AIR, abdomen


class TestRandLimbsd(unittest.TestCase):
    def test_a_body_without_organs_in_air_takes_the_place_of_the_trunk(self) -> None:
        data = {
            key: torch.nn.functional.pad(value, (40, 40, 40, 40), value=pad)
            for (key, value), pad in zip(abdomen().items(), (AIR, 0))
        }
        shares = []
        for seed in range(8):
            out = RandLimbsd("image", "label", prob=1.0).set_random_state(seed)(data)
            image = out["image"]
            self.assertEqual(int(out["label"].max()), 0)
            self.assertEqual((out["label"].shape, out["label"].dtype), (data["label"].shape, data["label"].dtype))
            body = image > AIR + 40
            shares.append(float(body.float().mean()))
            soft = image[body & (image > 10) & (image < 150)]
            self.assertGreater(soft.numel(), 0.2 * int(body.sum()))  # muscle or brain
            self.assertGreater(float(image.max()), 240)  # bone
            self.assertLess(float((body[:, :8].float().mean())), 0.5)
        self.assertGreater(min(shares), 0.05)
        self.assertLess(max(shares), 0.7)
        self.assertGreater(int(data["label"].max()), 0)  # that of the caller is not changed

    def test_picture_that_shows_no_air_stays(self) -> None:
        data = abdomen()
        data["image"] = data["image"].clip(0, 255)
        out = RandLimbsd("image", "label", prob=1.0)(data)
        torch.testing.assert_close(out["image"], data["image"])
        self.assertIs(out["label"], data["label"])


if __name__ == "__main__":
    unittest.main()
