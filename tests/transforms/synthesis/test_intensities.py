# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch
from parameterized import parameterized

from monai_unet3plus.transforms import RandNativeContrastd, RandOrganIntensitiesd, RandTissueIntensitiesd
from tests.transforms.synthesis.slabs import FAT, abdomen, ellipse


class TestRandOrganIntensitiesd(unittest.TestCase):
    @parameterized.expand([(120.0, 20.0), (5.0, 150.0)])
    def test_means_become_the_wanted_ones(self, liver: float, spleen: float) -> None:
        data = abdomen()
        paint = RandOrganIntensitiesd("image", "label", [(liver, liver), (spleen, spleen)], prob=1.0)
        image = paint.set_random_state(0)(data)["image"]
        for value, mean in ((1, liver), (2, spleen)):
            self.assertAlmostEqual(float(image[data["label"] == value].median()), mean, delta=2)

    def test_surroundings_stay(self) -> None:
        data = abdomen()
        paint = RandOrganIntensitiesd("image", "label", [(150, 150), (150, 150)], prob=1.0)
        image = paint.set_random_state(0)(data)["image"]
        far = torch.nn.functional.max_pool2d((data["label"] > 0).float(), 9, 1, 4) == 0
        torch.testing.assert_close(image[far], data["image"][far])

    def test_texture_is_scaled(self) -> None:
        data = abdomen()
        paint = RandOrganIntensitiesd("image", "label", [(60, 60), (40, 40)], texture=(2.0, 2.0), prob=1.0)
        image, inner = paint.set_random_state(0)(data)["image"], abdomen_inner(data)
        self.assertAlmostEqual(float(image[inner].std() / data["image"][inner].std()), 2.0, delta=0.05)

    def test_never_at_probability_zero_and_reproducible(self) -> None:
        data = abdomen()
        never = RandOrganIntensitiesd("image", "label", [(0, 170), (0, 170)], prob=0.0)
        self.assertIs(never(data)["image"], data["image"])
        paint = RandOrganIntensitiesd("image", "label", [(0, 170), (0, 170)], prob=1.0)
        first, second = (paint.set_random_state(3)(data)["image"] for _ in range(2))
        torch.testing.assert_close(first, second)

    def test_shapes_that_differ_are_refused(self) -> None:
        data = abdomen()
        data["label"] = data["label"][:1]
        with self.assertRaisesRegex(ValueError, "one shape"):
            RandOrganIntensitiesd("image", "label", [(0, 1), (0, 1)], prob=1.0)(data)


class TestRandTissueIntensitiesd(unittest.TestCase):
    def test_organs_and_air_stay_while_fat_changes(self) -> None:
        data = abdomen()
        body_fat = (data["image"] > -130) & (data["label"] == 0)
        medians = []
        for seed in range(8):
            image = RandTissueIntensitiesd("image", "label", prob=1.0).set_random_state(seed)(data)["image"]
            torch.testing.assert_close(image[abdomen_inner(data)], data["image"][abdomen_inner(data)])
            medians.append(float(image[body_fat].median()))
        self.assertGreater(np.ptp(medians), 50)
        self.assertLess(min(abs(m - FAT) for m in medians), 200)

    def test_slab_of_air_stays(self) -> None:
        data = {"image": torch.full((3, 20, 20), -200.0), "label": torch.zeros(3, 20, 20, dtype=torch.uint8)}
        out = RandTissueIntensitiesd("image", "label", prob=1.0).set_random_state(0)(data)["image"]
        torch.testing.assert_close(out, data["image"])


class TestRandNativeContrastd(unittest.TestCase):
    def test_a_bright_kidney_becomes_like_the_organs(self) -> None:
        data = abdomen()
        kidney = torch.from_numpy(ellipse((75, 40), (12, 12)).copy())
        data["image"][kidney] = 180
        for seed in range(5):
            image = RandNativeContrastd("image", "label", prob=1.0).set_random_state(seed)(data)["image"]
            inside = torch.nn.functional.max_pool2d((~kidney).float(), 9, 1, 4) == 0
            found = [float(image[mask].median()) for mask in (inside, data["label"] == 1, data["label"] == 2)]
            self.assertLess(max(found) - min(found), 80)
            self.assertLess(max(found), 110)

    def test_fat_and_air_stay(self) -> None:
        data = abdomen()
        image = RandNativeContrastd("image", "label", prob=1.0).set_random_state(0)(data)["image"]
        far = torch.nn.functional.max_pool2d((data["label"] > 0).float(), 9, 1, 4) == 0
        torch.testing.assert_close(image[far], data["image"][far])


def abdomen_inner(data: dict[str, torch.Tensor]) -> torch.Tensor:
    """The liver without its edge."""
    outside = (data["label"] != 1).float()
    return torch.nn.functional.max_pool2d(outside, 9, 1, 4) == 0


if __name__ == "__main__":
    unittest.main()
