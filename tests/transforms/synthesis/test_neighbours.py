# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandNeighboursd
from tests.transforms.synthesis.slabs import AIR, abdomen


class TestRandNeighboursd(unittest.TestCase):
    def test_paints_beside_an_organ_and_not_into_it(self) -> None:
        data = abdomen()
        for seed in range(6):
            out = RandNeighboursd("image", "label", prob=1.0).set_random_state(seed)(data)
            changed = (out["image"] - data["image"]).abs() > 1e-3
            self.assertTrue(bool(changed.any()))
            self.assertIs(out["label"], data["label"])
            self.assertFalse(bool((changed & (data["label"] > 0)).any()))
            self.assertFalse(bool((changed & (data["image"] < AIR + 30)).any()))

    def test_content_differs_from_the_organ(self) -> None:
        data = abdomen()
        data["label"][data["label"] == 2] = 0
        for seed in range(20):
            out = RandNeighboursd("image", "label", prob=1.0).set_random_state(seed)(data)["image"]
            unchanged = ((out - data["image"]).abs() < 60).float()
            painted = out[torch.nn.functional.max_pool2d(unchanged, 5, 1, 2) == 0]  # without its blurred edge
            if len(painted) > 300:
                liver = float(data["image"][data["label"] == 1].median())
                self.assertGreater(abs(float(painted.median()) - liver), 15)

    def test_slab_without_organs_stays(self) -> None:
        data = abdomen()
        data["label"] = torch.zeros_like(data["label"])
        torch.testing.assert_close(RandNeighboursd("image", "label", prob=1.0)(data)["image"], data["image"])


if __name__ == "__main__":
    unittest.main()
