# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.transforms import RandLesionsd, RandVesselsd
from tests.transforms.synthesis.slabs import LIVER, abdomen


class TestRandLesionsd(unittest.TestCase):
    def test_only_organs_change_and_labels_stay(self) -> None:
        data = abdomen()
        for seed in range(5):
            out = RandLesionsd("image", "label", prob=1.0).set_random_state(seed)(data)
            changed = (out["image"] - data["image"]).abs() > 1e-3
            self.assertTrue(bool(changed.any()))
            self.assertFalse(bool((changed & (data["label"] == 0)).any()))
            self.assertIs(out["label"], data["label"])

    def test_radius_bounds_what_changes(self) -> None:
        data = abdomen()
        small = RandLesionsd("image", "label", max_lesions=1, radius=(2, 2), prob=1.0)
        large = RandLesionsd("image", "label", max_lesions=1, radius=(20, 20), prob=1.0)
        sizes = [
            sum(int(((paint.set_random_state(s)(data)["image"] - data["image"]).abs() > 20).sum()) for s in range(12))
            for paint in (small, large)
        ]
        self.assertGreater(sizes[1], 10 * sizes[0])
        self.assertLess(sizes[0] / 12, 3 * 2 * 3.2 * 4**2)  # both organs, three slices, a disk of twice the radius

    def test_there_are_dark_and_bright_ones(self) -> None:
        data = abdomen()
        lowest, highest = LIVER, LIVER
        for seed in range(30):
            values = RandLesionsd("image", "label", prob=1.0).set_random_state(seed)(data)["image"][data["label"] == 1]
            lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
        self.assertLess(lowest, LIVER - 40)
        self.assertGreater(highest, 150)

    def test_slab_without_organs_stays(self) -> None:
        data = abdomen()
        data["label"] = torch.zeros_like(data["label"])
        torch.testing.assert_close(RandLesionsd("image", "label", prob=1.0)(data)["image"], data["image"])


class TestRandVesselsd(unittest.TestCase):
    def test_thin_lines_within_organs(self) -> None:
        data = abdomen()
        for seed in range(5):
            out = RandVesselsd("image", "label", max_vessels=2, prob=1.0).set_random_state(seed)(data)
            changed = (out["image"] - data["image"]).abs() > 5
            self.assertFalse(bool((changed & (data["label"] == 0)).any()))
            self.assertGreater(int(changed.sum()), 0)
            self.assertLess(float(changed.sum() / (data["label"] > 0).sum()), 0.25)


if __name__ == "__main__":
    unittest.main()
