# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandOrganGrowthd
from tests.transforms.synthesis.slabs import AIR, LIVER, abdomen


class TestRandOrganGrowthd(unittest.TestCase):
    def test_one_organ_grows_into_fat_and_nothing_else_changes(self) -> None:
        data = abdomen()
        for seed in range(6):
            out = RandOrganGrowthd("image", "label", prob=1.0).set_random_state(seed)(data)
            new = out["label"] != data["label"]
            self.assertTrue(bool(new.any()))
            self.assertEqual(data["label"][new].unique().tolist(), [0])
            self.assertEqual(len(out["label"][new].unique()), 1)
            self.assertTrue(bool((data["image"][new] > AIR + 50).all()))
            self.assertTrue(bool((out["label"][data["label"] > 0] == data["label"][data["label"] > 0]).all()))

    def test_new_tissue_looks_like_the_organ(self) -> None:
        data = abdomen()
        data["label"][data["label"] == 2] = 0
        out = RandOrganGrowthd("image", "label", distance=(15, 15), prob=1.0).set_random_state(1)(data)
        new = out["image"][out["label"] != data["label"]]
        self.assertAlmostEqual(float(new.median()), LIVER, delta=10)

    def test_distance_bounds_growth(self) -> None:
        data = abdomen()
        grown = [
            sum(
                int((RandOrganGrowthd("image", "label", d, prob=1.0).set_random_state(s)(data)["label"] > 0).sum())
                for s in range(5)
            )
            for d in ((3, 3), (25, 25))
        ]
        self.assertLess(grown[0], grown[1])

    def test_slab_without_organs_stays(self) -> None:
        data = abdomen()
        data["label"] = torch.zeros_like(data["label"])
        out = RandOrganGrowthd("image", "label", prob=1.0)(data)
        torch.testing.assert_close(out["image"], data["image"])


if __name__ == "__main__":
    unittest.main()
