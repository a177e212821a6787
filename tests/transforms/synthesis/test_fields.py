# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch
from parameterized import parameterized
from scipy import ndimage

from monai_unet3plus.transforms import RandLesionsd, RandOrganIntensitiesd, RandVesselsd
from monai_unet3plus.transforms.synthesis.base import RandSynthesisd
from monai_unet3plus.transforms.synthesis.fields import (
    AIR,
    find_body,
    find_windows,
    smooth_field,
    white_noise,
    window_around,
)
from tests.transforms.synthesis.slabs import AIR as AIR_VALUE
from tests.transforms.synthesis.slabs import abdomen, chest


class TestFields(unittest.TestCase):
    @parameterized.expand([(3.0,), (12.0,), (40.0,)])
    def test_smooth_field_has_one_spread_everywhere(self, scale: float) -> None:
        R = np.random.RandomState(0)
        fields = np.stack([smooth_field(R, (30, 50), scale) for _ in range(400)])
        spread = fields.std(axis=0)
        self.assertLess(abs(float(fields.mean())), 0.15)
        self.assertGreater(float(spread.min()), 1.0)
        self.assertLess(float(spread.max()), 1.6)

    def test_smooth_field_has_bumps_of_the_scale(self) -> None:
        R = np.random.RandomState(0)
        steps = [float(np.abs(np.diff(smooth_field(R, (200, 200), scale))).mean()) for scale in (5.0, 20.0)]
        self.assertAlmostEqual(steps[0] / steps[1], 4, delta=0.8)

    def test_white_noise_is_reproducible_and_of_variance_one(self) -> None:
        first, second = (white_noise(np.random.RandomState(4), (3, 60, 60)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        self.assertAlmostEqual(float(first.std()), 1, delta=0.03)
        self.assertAlmostEqual(float((first[:, 1:] * first[:, :-1]).mean()), 0, delta=0.03)


class TestWindows(unittest.TestCase):
    def test_body_is_the_largest_part_with_its_holes(self) -> None:
        plane = chest()["image"][1].numpy()
        parts, _ = ndimage.label(ndimage.binary_opening(plane > AIR))
        body = ndimage.binary_fill_holes(parts == parts[80, 65])
        np.testing.assert_array_equal(find_body(plane), body)
        self.assertTrue(find_body(plane)[45, 65])  # a lung

    def test_picture_of_air_has_no_body(self) -> None:
        self.assertFalse(find_body(np.full((20, 20), -200.0, np.float32)).any())

    def test_windows_hold_the_organs_and_end_at_the_border(self) -> None:
        label = np.zeros((3, 20, 30), np.uint8)
        label[1, 2:5, 10:12] = 3
        self.assertEqual(find_windows(label), {3: (slice(0, 3), slice(2, 5), slice(10, 12))})
        self.assertEqual(find_windows(label, 4), {3: (slice(0, 3), slice(0, 9), slice(6, 16))})

    def test_window_around_a_place_outside_is_empty(self) -> None:
        self.assertEqual(window_size(window_around((3, 20, 30), [(-9, 15)], 4)), 0)
        self.assertEqual(window_size(window_around((3, 20, 30), [(-2, 15)], 4)), 3 * 3 * 9)

    @parameterized.expand(
        [
            (RandLesionsd("image", "label", prob=1.0),),
            (RandVesselsd("image", "label", prob=1.0),),
            (RandOrganIntensitiesd("image", "label", [(0, 170), (20, 180)], prob=1.0),),
        ]
    )
    def test_what_lies_far_around_does_not_matter(self, paint: RandSynthesisd) -> None:
        data = abdomen()
        wide = {key: torch.nn.functional.pad(data[key], [30] * 4, value=pad) for key, pad in zip(data, (AIR_VALUE, 0))}
        for seed in range(4):
            small, large = (paint.set_random_state(seed)(d)["image"] for d in (data, wide))
            torch.testing.assert_close(large[:, 30:-30, 30:-30], small, atol=0.05, rtol=0)


def window_size(window: tuple[slice, ...]) -> int:
    return np.zeros((3, 20, 30))[window].size


if __name__ == "__main__":
    unittest.main()
