# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch

from monai_unet3plus.transforms import RandLungDomesd
from tests.transforms.synthesis.slabs import HEART, LUNG, abdomen, chest

RANGES = [(100.0, 100.0), (50.0, 50.0)]


def drawn(count: int = 20) -> list[dict[str, torch.Tensor]]:
    paint = RandLungDomesd("image", "label", RANGES, prob=1.0)
    return [paint.set_random_state(seed)(chest()) for seed in range(count)]


class TestRandLungDomesd(unittest.TestCase):
    def test_liver_is_right_and_spleen_left_and_behind(self) -> None:
        found = set()
        for data in drawn():
            for value in (1, 2):
                _, rows, columns = torch.nonzero(data["label"] == value, as_tuple=True)
                if len(rows):
                    found.add(value)
                    self.assertEqual(bool(rows.float().mean() > 80), value == 1)
                    if value == 2:
                        self.assertLess(float(columns.float().mean()), 80)
        self.assertEqual(found, {1, 2})

    def test_domes_are_only_where_lung_was_or_in_front_between_the_lungs(self) -> None:
        image = chest()["image"]
        front = torch.zeros_like(image, dtype=torch.bool)
        front[:, 45:119, 65:99] = True  # from middle to middle of the lungs, from their middle to their front
        for data in drawn():
            for value, room in ((1, (image == LUNG) | front), (2, image == LUNG)):
                # closing rounds the room's edge by no more than two pixels
                near = torch.nn.functional.max_pool2d(room.float(), 5, 1, 2) > 0
                self.assertFalse(bool(((data["label"] == value) & ~near).any()))

    def test_left_lobe_of_the_liver_takes_the_place_of_the_heart(self) -> None:
        heart = chest()["image"] == HEART
        shares = [float((data["label"][heart] == 1).float().mean()) for data in drawn()]
        self.assertEqual(min(shares), 0)
        self.assertGreater(max(shares), 0.2)

    def test_stomach_is_beside_the_spleen_or_alone_or_absent(self) -> None:
        lung = chest()["image"] == LUNG
        lung[:, 80:] = False  # the left one
        found = set()
        for data in drawn(40):
            tissue, spleen = lung & (data["image"] > -50), data["label"] == 2
            stomach = tissue & (torch.nn.functional.max_pool2d(spleen.float(), 9, 1, 4) == 0)
            found.add((bool(spleen.any()), int(stomach.sum()) > 100))
        self.assertEqual(found, {(False, False), (False, True), (True, False), (True, True)})

    def test_intensities_are_the_organs(self) -> None:
        for data in drawn():
            outside = (data["label"] != 1).float()
            liver = torch.nn.functional.max_pool2d(outside, 9, 1, 4) == 0  # without its blurred edge
            if liver.any():
                self.assertAlmostEqual(float(data["image"][liver].median()), 100, delta=8)

    def test_domes_shrink_towards_the_head(self) -> None:
        sizes = np.sum([(data["label"] > 0).flatten(1).sum(1).numpy() for data in drawn()], axis=0)
        self.assertTrue(sizes[0] > sizes[1] > sizes[2])

    def test_slab_without_lungs_stays(self) -> None:
        data = abdomen()  # air is around the body only
        out = RandLungDomesd("image", "label", RANGES, prob=1.0).set_random_state(0)(data)
        torch.testing.assert_close(out["image"], data["image"])
        torch.testing.assert_close(out["label"], data["label"])

    def test_some_slabs_stay_organ_free(self) -> None:
        organ_free = sum(int((data["label"] > 0).sum()) == 0 for data in drawn(60))
        self.assertGreater(organ_free, 0)


if __name__ == "__main__":
    unittest.main()
