# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.data import MetaTensor

from monai_unet3plus.transforms import RandClipIntensityd


class TestRandClipIntensityd(unittest.TestCase):
    def test_known_range_is_always_kept(self) -> None:
        image = MetaTensor(torch.linspace(-200, 300, 101), meta={"intensity_range": [0, 255]})
        out = RandClipIntensityd("image", prob=0.0)({"image": image})["image"]
        self.assertEqual((float(out.min()), float(out.max())), (0.0, 255.0))
        self.assertEqual(out.meta["intensity_range"], [0, 255])

    def test_others_are_clipped_to_one_of_the_ranges(self) -> None:
        image = torch.linspace(-300, 300, 601)
        clip = RandClipIntensityd("image", ranges=[[0, 255], [-40, 160]], prob=1.0).set_random_state(0)
        found = {tuple(torch.aminmax(clip({"image": image})["image"])) for _ in range(20)}
        self.assertEqual({(int(a), int(b)) for a, b in found}, {(0, 255), (-40, 160)})
        torch.testing.assert_close(RandClipIntensityd("image", prob=0.0)({"image": image})["image"], image)

    def test_empty_range_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "ranges"):
            RandClipIntensityd("image", ranges=[[5, 5]])


if __name__ == "__main__":
    unittest.main()
