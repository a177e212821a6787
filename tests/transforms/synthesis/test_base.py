# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose
from parameterized import parameterized

from monai_unet3plus.transforms import synthesis
from monai_unet3plus.transforms.synthesis import RandSynthesis, RandSynthesisd
from tests.transforms.synthesis.slabs import abdomen, chest

RANGES = [[0, 170], [20, 180]]
FORMS = [
    (name, {"organ_ranges": RANGES} if "Dome" in name or name == "RandOrganIntensities" else {})
    for name in (
        "RandArms",
        "RandLesions",
        "RandLimbs",
        "RandLungDomes",
        "RandNativeContrast",
        "RandNeighbours",
        "RandOrganGrowth",
        "RandOrganIntensities",
        "RandStreaks",
        "RandTissueIntensities",
        "RandVessels",
    )
]


class Mark(RandSynthesis):
    """Paints one voxel of the image at a random row, and gives the label map's first voxel the value 1."""

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        image, label = image.copy(), label.copy()
        image[0, self.R.randint(image.shape[1]), 0] = 1000.0
        label[0, 0, 0] = 1
        return image, label


class Markd(RandSynthesisd):
    array = Mark


class TestBothForms(unittest.TestCase):
    @parameterized.expand(FORMS)
    def test_array_and_dictionary_form_paint_the_same(self, name: str, arguments: dict[str, Any]) -> None:
        slab = chest() if name == "RandLungDomes" else abdomen()
        array = getattr(synthesis, name)(**arguments, prob=1.0).set_random_state(3)
        wrapper = getattr(synthesis, f"{name}d")("image", "label", **arguments, prob=1.0).set_random_state(3)
        for _ in range(2):  # the second draw differs from the first
            image, label = array(slab["image"], slab["label"])
            painted = wrapper(slab)
            self.assertFalse(torch.equal(image, slab["image"]))
            torch.testing.assert_close(painted["image"], image, rtol=0, atol=0)
            torch.testing.assert_close(painted["label"], label, rtol=0, atol=0)

    def test_every_transform_is_compared(self) -> None:
        arrays = {name for name in synthesis.__all__ if not name.endswith("d")} - {"RandSynthesis"}
        self.assertEqual(arrays, {name for name, _ in FORMS})


class TestRandSynthesis(unittest.TestCase):
    def test_given_share_of_slabs_is_changed(self) -> None:
        mark, slab = Mark(prob=0.3).set_random_state(0), abdomen()
        changed = sum(bool(mark(slab["image"], slab["label"])[1][0, 0, 0]) for _ in range(200))
        self.assertLess(abs(changed - 60), 3 * (200 * 0.3 * 0.7) ** 0.5)

    def test_types_are_kept_and_inputs_too(self) -> None:
        slab = abdomen()
        before = {key: value.clone() for key, value in slab.items()}
        image, label = Mark(prob=1.0)(slab["image"].numpy(), slab["label"])
        self.assertEqual((type(image), image.dtype, label.dtype), (np.ndarray, np.float32, torch.uint8))
        for key, value in before.items():
            self.assertTrue(torch.equal(slab[key], value))

    def test_images_of_one_item_are_changed_together_and_missing_ones_may_be_passed_over(self) -> None:
        mark = Markd(["image", "other", "none"], "label", prob=0.5, allow_missing_keys=True).set_random_state(0)
        for _ in range(20):
            slab = {**abdomen(), "other": abdomen()["image"]}
            out = mark(slab)
            self.assertEqual(torch.equal(out["image"], slab["image"]), torch.equal(out["other"], slab["other"]))
        with self.assertRaises(KeyError):
            Markd("none", "label", prob=1.0)(abdomen())

    def test_compose_seeds_it(self) -> None:
        first, again, other = (
            Compose([Markd("image", "label", prob=1.0)]).set_random_state(seed)(abdomen())["image"]
            for seed in (1, 1, 2)
        )
        self.assertTrue(torch.equal(first, again))
        self.assertFalse(torch.equal(first, other))

    def test_label_of_another_shape_raises(self) -> None:
        slab = abdomen()
        with self.assertRaisesRegex(ValueError, "one shape"):
            Mark(prob=1.0)(slab["image"], slab["label"][:1])


if __name__ == "__main__":
    unittest.main()
