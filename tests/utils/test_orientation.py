# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import nibabel as nib
import numpy as np
from parameterized import parameterized

from monai_unet3plus.utils.orientation import ras_affine, ras_view


class TestRASView(unittest.TestCase):
    @parameterized.expand([("RAS",), ("LPS",), ("SPL",), ("PIR",), ("ASR",)])
    def test_volume_looks_the_same_however_it_is_stored(self, codes: str) -> None:
        array = np.arange(4 * 3 * 5).reshape(4, 3, 5)
        ras = nib.Nifti1Image(array.astype(np.int16), np.diag([0.5, 2.0, 5.0, 1.0]))
        start, end = nib.orientations.io_orientation(ras.affine), nib.orientations.axcodes2ornt(codes)
        stored = ras.as_reoriented(nib.orientations.ornt_transform(start, end))
        view, spacing = ras_view(np.asarray(stored.dataobj), stored.affine)
        np.testing.assert_array_equal(view, array)
        self.assertEqual(spacing, (0.5, 2.0, 5.0))
        channels = np.stack([stored.dataobj, stored.dataobj])
        view, _ = ras_view(channels, stored.affine)
        np.testing.assert_array_equal(view, [array, array])
        self.assertTrue(np.shares_memory(view, channels))
        np.testing.assert_allclose(ras_affine(stored.affine, stored.shape), ras.affine)

    def test_tilted_axis_counts_as_the_nearest(self) -> None:
        angle = np.deg2rad(25)
        affine = np.diag([1.0, 1.0, 1.0, 1.0])
        affine[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        affine = affine @ np.diag([1.0, 2.0, -3.0, 1.0])
        array = np.random.default_rng(0).random((2, 3, 4))
        view, spacing = ras_view(array, affine)
        np.testing.assert_array_equal(view, array[:, :, ::-1])
        np.testing.assert_allclose(spacing, (1.0, 2.0, 3.0))


if __name__ == "__main__":
    unittest.main()
