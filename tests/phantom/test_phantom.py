# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import unittest
from functools import lru_cache

import nibabel as nib
import numpy as np
import SimpleITK
from parameterized import parameterized

from monai_unet3plus.phantom import Phantom, make_phantom

SEED = 11
CASES = [(index,) for index in range(3)]


@lru_cache(maxsize=None)
def coarse(index: int) -> Phantom:
    """A case that is quick to make."""
    return make_phantom(SEED, index, (3.0, 3.5), (5.0, 6.0))


def upright(phantom: Phantom) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image and label with axes towards right, front and head, and the spacing, by way of the affine alone."""
    arrays = [nib.as_closest_canonical(nib.Nifti1Image(a, phantom.affine)) for a in (phantom.image, phantom.label)]
    return np.asarray(arrays[0].dataobj), np.asarray(arrays[1].dataobj), np.array(arrays[0].header.get_zooms())


def smooth(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur, sigma in voxels."""
    source = SimpleITK.GetImageFromArray(image.astype(np.float32))
    return SimpleITK.GetArrayFromImage(SimpleITK.DiscreteGaussian(source, [sigma**2] * image.ndim))


def best_threshold_dice(image: np.ndarray, liver: np.ndarray) -> float:
    """Largest Dice of the liver that any HU window can reach."""
    bins, limits = 200, (-50.0, 250.0)
    inside = np.concatenate([[0], np.histogram(image[liver], bins, limits)[0].cumsum()])
    outside = np.concatenate([[0], np.histogram(image[~liver], bins, limits)[0].cumsum()])
    hits, misses = inside[None] - inside[:, None], outside[None] - outside[:, None]
    dice = np.where(hits > 0, 2 * hits / np.maximum(hits + misses + liver.sum(), 1), 0)
    return float(dice.max())


class TestDeterminism(unittest.TestCase):
    def test_same_arguments_same_case(self):
        again = make_phantom(SEED, 0, (3.0, 3.5), (5.0, 6.0))
        np.testing.assert_array_equal(again.image, coarse(0).image)
        np.testing.assert_array_equal(again.label, coarse(0).label)
        np.testing.assert_array_equal(again.affine, coarse(0).affine)

    def test_cases_and_seeds_differ(self):
        cases = [coarse(0), coarse(1), make_phantom(SEED + 1, 0, (3.0, 3.5), (5.0, 6.0))]
        volumes = {float(np.sum(c.label == 1) * abs(np.linalg.det(c.affine[:3, :3]))) for c in cases}
        self.assertEqual(len(volumes), 3)

    def test_is_made_without_pytorch_and_monai(self):
        code = "import sys, monai_unet3plus.phantom; sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], check=False).returncode, 0)

    @parameterized.expand(
        [
            ({"seed": -1}, "seed"),
            ({"index": -1}, "index"),
            ({"pixel_size": (0.9, 0.6)}, "pixel_size: found 0.9 0.6, expected"),
            ({"slice_thickness": (0.0, 1.0)}, "slice_thickness: found 0.0 1.0, expected"),
            ({"slice_thickness": (1.0, float("nan"))}, "slice_thickness: found 1.0 nan, expected"),
        ]
    )
    def test_bad_arguments(self, change, message):
        with self.assertRaisesRegex(ValueError, message):
            make_phantom(**{"seed": 0, "index": 0, **change})


class TestAnatomy(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_arrays(self, index):
        case = coarse(index)
        self.assertEqual((case.image.dtype, case.label.dtype), (np.int16, np.uint8))
        self.assertEqual(case.image.shape, case.label.shape)
        self.assertEqual(set(np.unique(case.label)), {0, 1, 2})
        self.assertGreaterEqual(case.image.min(), -1024)
        _, _, spacing = upright(case)
        self.assertAlmostEqual(spacing[0], spacing[1], places=5)
        self.assertTrue(3.0 - 1e-4 <= spacing[0] <= 3.5 + 1e-4 and 5.0 - 1e-4 <= spacing[2] <= 6.0 + 1e-4)

    @parameterized.expand(CASES)
    def test_sides_in_patient_space(self, index):
        case = coarse(index)
        body = np.argwhere(case.image > -300)
        middle = nib.affines.apply_affine(case.affine, body).mean(axis=0)
        liver, spleen = (nib.affines.apply_affine(case.affine, np.argwhere(case.label == k)) for k in (1, 2))
        bone = nib.affines.apply_affine(case.affine, np.argwhere(case.image > 350))
        self.assertGreater(np.mean(liver[:, 0] > middle[0]), 0.75)
        self.assertLess(spleen[:, 0].max(), middle[0])
        self.assertLess(spleen[:, 1].mean(), middle[1])
        self.assertLess(np.median(bone[np.abs(bone[:, 0] - middle[0]) < 30][:, 1]), middle[1])

    @parameterized.expand(CASES)
    def test_slices_without_organs_at_both_ends(self, index):
        _, label, _ = upright(coarse(index))
        used = np.any(label > 0, axis=(0, 1))
        self.assertFalse(used[:2].any() or used[-2:].any())
        self.assertTrue(0.1 < 1 - used.mean() < 0.45)

    @parameterized.expand(CASES)
    def test_lungs_above_bowel_below(self, index):
        image, _, spacing = upright(coarse(index))
        middle = np.argwhere(image > -300).mean(axis=0)
        (left, back), (right, front) = (np.rint(middle[:2] + np.array(d) / spacing[:2]) for d in ((-90, -20), (90, 50)))
        chest = smooth(image, 0.7)[int(left) : int(right), int(back) : int(front), [1, -2]]
        lung = ((chest > -920) & (chest < -700)).mean(axis=(0, 1))
        self.assertGreater(lung[1], 0.15)
        self.assertLess(lung[0], 0.05)

    @parameterized.expand(CASES)
    def test_volumes(self, index):
        case = coarse(index)
        millilitres = abs(np.linalg.det(case.affine[:3, :3])) / 1000
        self.assertTrue(800 < np.sum(case.label == 1) * millilitres < 2200)
        self.assertTrue(80 < np.sum(case.label == 2) * millilitres < 450)

    def test_axis_orders(self):
        cases = [make_phantom(SEED, index, (5.0, 5.0), (10.0, 10.0)) for index in range(8)]
        codes = {"".join(nib.aff2axcodes(case.affine)) for case in cases}
        self.assertGreater(len(codes), 1)


class TestImage(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_hu(self, index):
        image, label, _ = upright(coarse(index))
        self.assertTrue(40 < np.median(image[label == 1]) < 135)
        self.assertTrue(40 < np.median(image[label == 2]) < 145)
        self.assertTrue(-1015 < np.median(image[:, -3:, :]) < -985)
        self.assertGreater(np.mean(image > 250), 0.002)

    @parameterized.expand(CASES)
    def test_threshold_is_not_enough(self, index):
        case = coarse(index)
        for image in (case.image, smooth(case.image, 0.7)):
            self.assertLess(best_threshold_dice(image, case.label == 1), 0.8)

    @parameterized.expand(CASES)
    def test_neighbours_of_like_density(self, index):
        case = coarse(index)
        liver = case.label == 1
        grown = SimpleITK.GetArrayFromImage(
            SimpleITK.BinaryDilate(SimpleITK.GetImageFromArray(liver.astype(np.uint8)), [1, 1, 1])
        )
        rim = (grown > 0) & ~liver
        alike = np.abs(smooth(case.image, 0.7)[rim] - np.median(case.image[liver])) < 30
        self.assertGreater(alike.mean(), 0.03)

    def test_partial_volume_at_the_skin(self):
        image, _, _ = upright(coarse(0))
        # noise is far smaller than the step from air to skin, so only partial volume can land in between
        front = image[image.shape[0] // 2].astype(int)
        between = ((front[::-1] > -850) & (front[::-1] < -250)).any(axis=0)
        self.assertGreater(between.mean(), 0.5)

    def test_noise_is_correlated(self):
        image, label, _ = upright(make_phantom(SEED, 0, (0.8, 0.8), (8.0, 8.0)))
        plane = image[:, :, image.shape[2] // 2].astype(float)
        liver = label[:, :, image.shape[2] // 2] == 1
        both = liver[:-1] & liver[1:]
        noise = plane - smooth(plane, 4)
        self.assertGreater(np.corrcoef(noise[:-1][both], noise[1:][both])[0, 1], 0.4)
        self.assertTrue(4 < noise[liver].std() < 35)


if __name__ == "__main__":
    unittest.main()
