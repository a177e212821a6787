# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import numpy as np
import torch

from monai_unet3plus.experiments.compare import slabs
from monai_unet3plus.experiments.compare.slabs import adjacent_slices, draw_batches, pad
from tests.experiments.compare.comparisons import small_settings, small_volume

CPU = torch.device("cpu")


class TestSlabs(unittest.TestCase):
    def test_edge_slices_repeat(self) -> None:
        self.assertEqual(adjacent_slices(3).tolist(), [[0, 0, 1], [0, 1, 2], [1, 2, 2]])

    def test_padding_is_around(self) -> None:
        padded = pad(torch.ones(2, 3, 4), 6)
        self.assertEqual(padded[0].sum(dim=1).tolist(), [0, 4, 4, 4, 0, 0])
        self.assertEqual(padded[0].sum(dim=0).tolist(), [0, 3, 3, 3, 3, 0])

    def test_without_variation_slabs_are_slices_of_the_scans(self) -> None:
        settings, volume = small_settings(batch_size=4, steps=20), small_volume()
        names = ("_ANGLE", "_SCALE", "_SHIFT", "_FACTOR", "_OFFSET", "_NOISE")
        with mock.patch.multiple(slabs, **dict.fromkeys(names, 0.0)):
            batches = list(draw_batches([volume, volume], settings, 0, CPU))
        image = pad(torch.from_numpy(volume.image), 48) / 30
        mask = pad(torch.from_numpy(volume.mask), 48).float()
        expected = [(image[channels], mask[k][None]) for k, channels in enumerate(adjacent_slices(4))]
        found = [
            [torch.allclose(x, image, atol=1e-5) and torch.equal(y, mask) for image, mask in expected].index(True)
            for images, masks in batches
            for x, y in zip(images, masks)
        ]
        self.assertAlmostEqual(found.count(3) / len(found), 0.25, delta=0.15)  # the slice without the organ
        self.assertEqual(set(found), {0, 1, 2, 3})

    def test_a_seed_always_draws_the_same_and_masks_move_with_images(self) -> None:
        settings = small_settings()
        one, again, other = (list(draw_batches([small_volume()], settings, seed, CPU)) for seed in (1, 1, 2))
        self.assertTrue(all(torch.equal(a, b) and torch.equal(c, d) for (a, c), (b, d) in zip(one, again)))
        self.assertFalse(torch.equal(one[0][0], other[0][0]))
        image, mask = one[0]
        self.assertEqual((image.shape, mask.shape), ((2, 3, 48, 48), (2, 1, 48, 48)))
        bright = (image[:, 1:2] > 0.5).float()
        agree = np.array([float((bright[k] == mask[k]).float().mean()) for k in range(2)])
        self.assertTrue((agree > 0.95).all(), agree)


if __name__ == "__main__":
    unittest.main()
