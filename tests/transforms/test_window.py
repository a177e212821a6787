# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.transforms.window."""

from __future__ import annotations

import unittest

import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import ScaleIntensityRange
from parameterized import parameterized

from monai_unet3plus.transforms import WindowIntensity, WindowIntensityd

VALUES = np.random.default_rng(0).integers(-1200, 1500, (1, 4, 5, 6))


class TestWindowIntensity(unittest.TestCase):
    @parameterized.expand([("int16", np.int16), ("float32", np.float32), ("float64", np.float64)])
    def test_equals_monais_scaling(self, _: str, dtype: type) -> None:
        image = MetaTensor(torch.from_numpy(VALUES.astype(dtype)), affine=2 * torch.eye(4), meta={"a": "b"})
        before = image.as_tensor().clone()
        expected = ScaleIntensityRange(-200, 250, 0.0, 1.0, clip=True)(image)
        for found in (
            WindowIntensity((-200, 250))(image),
            WindowIntensityd("image", [-200, 250])({"image": image})["image"],
        ):
            torch.testing.assert_close(found.as_tensor(), expected.as_tensor(), rtol=0, atol=1e-7)
            self.assertEqual(found.dtype, torch.float32)
            self.assertTrue(torch.equal(found.affine, image.affine))
            self.assertEqual(found.meta["a"], "b")
        self.assertTrue(torch.equal(image.as_tensor(), before), "the input stays as it is")

    def test_array_stays_an_array(self) -> None:
        found = WindowIntensity((0, 100))(np.array([[0, 50, 200]], np.int16))
        np.testing.assert_array_equal(found, np.array([[0, 0.5, 1]], np.float32))

    def test_window_without_extent_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "its lower and its upper end, but got"):
            WindowIntensity((100, 100))


if __name__ == "__main__":
    unittest.main()
