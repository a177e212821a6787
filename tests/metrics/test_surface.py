# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import unittest
import warnings
from collections.abc import Callable

import numpy as np
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice
from parameterized import parameterized

from monai_unet3plus.metrics import hausdorff_distance_95, surface_dice

IN_PLANE = 3.0  # mm, more than the tolerance: a pixel off is wrong


def box(first_mm: float, last_mm: float, thickness: float, shape: tuple[int, int] = (10, 8)) -> np.ndarray:
    """4 x 3 pixels, 12 x 9 mm, and from one height to another in a volume of 60 mm."""
    mask = np.zeros((*shape, round(60 / thickness)), dtype=bool)
    mask[3:7, 2:5, round(first_mm / thickness) : round(last_mm / thickness)] = True
    return mask


def shifted_box_dice(thickness: float, shift: float, tolerance: float = 2.0) -> float:
    """
    Surface Dice of a box of 12 x 9 x 20 mm and itself, moved along its height by more than the tolerance, by hand.

    An element of the surface sits at each corner of voxels on it. Its area is that of a pixel on a side; on an edge of
    the box that is cut off, a pixel's length times half a diagonal; on a corner a triangle between three half pixels.
    """
    dx = dy = IN_PLANE
    nx, ny, dz = 4, 3, thickness
    corner = 0.5 * math.sqrt((dx * dy / 4) ** 2 + (dy * dz / 4) ** 2 + (dx * dz / 4) ** 2)
    rim = 4 * corner + 2 * ((nx - 1) * dx * math.hypot(dy, dz) / 2 + (ny - 1) * dy * math.hypot(dx, dz) / 2)
    lid = (nx - 1) * (ny - 1) * dx * dy
    ring = 2 * ((nx - 1) * dx * dz + (ny - 1) * dy * dz) + 4 * dz * math.hypot(dx, dy) / 2
    rings = round(20 / dz) - 1  # levels between bottom and top
    # The moved box's lower rim lies on the side of the first one, whose upper rim lies on the side of the moved one.
    # Lids are a pixel or more from the sides and `shift` from each other. Between, places not too far up count.
    outside = [k * dz for k in range(1, rings + 1) if k * dz < shift]
    near = sum(shift - height <= tolerance for height in outside)
    accepted = rim + ring * (rings - len(outside) + near)
    return accepted / (2 * rim + 2 * lid + ring * rings)


class TestByHand(unittest.TestCase):
    @parameterized.expand([(thickness, shift) for thickness in (1.0, 5.0) for shift in (5.0, 10.0)])
    def test_box_moved_along_the_patient_has_the_values_of_its_surface(self, thickness: float, shift: float) -> None:
        truth, prediction = box(10, 30, thickness), box(10 + shift, 30 + shift, thickness)
        spacing = (IN_PLANE, IN_PLANE, thickness)
        self.assertAlmostEqual(hausdorff_distance_95(prediction, truth, spacing), shift, places=5)
        expected = shifted_box_dice(thickness, shift)
        self.assertAlmostEqual(surface_dice(prediction, truth, spacing), expected, places=5)
        self.assertAlmostEqual(surface_dice(truth, prediction, spacing), expected, places=5)

    def test_thick_slices_change_the_surface_dice_little(self) -> None:
        values = [
            surface_dice(box(10, 30, thickness), box(20, 40, thickness), (IN_PLANE, IN_PLANE, thickness))
            for thickness in (1.0, 5.0)
        ]
        self.assertAlmostEqual(values[0], values[1], delta=0.06)

    @parameterized.expand([(1.0,), (5.0,)])
    def test_box_a_pixel_wider_is_a_pixel_off(self, thickness: float) -> None:
        truth = box(10, 30, thickness)
        prediction = truth | np.roll(truth, 1, axis=0)
        self.assertEqual(hausdorff_distance_95(prediction, truth, (IN_PLANE, IN_PLANE, thickness)), IN_PLANE)

    def test_within_the_tolerance_all_is_right(self) -> None:
        truth, prediction = box(10, 30, 1.0), box(12, 32, 1.0)
        spacing = (IN_PLANE, IN_PLANE, 1.0)
        self.assertEqual(surface_dice(prediction, truth, spacing, tolerance_mm=2.0), 1.0)
        self.assertLess(surface_dice(prediction, truth, spacing, tolerance_mm=1.9), 0.9)

    def test_distance_equal_to_the_tolerance_up_to_rounding_is_accepted(self) -> None:
        truth, prediction = np.zeros((2, 20, 20, 40), bool)
        truth[5:9, 5:9, 5:15] = prediction[5:9, 5:9, 8:18] = True
        self.assertGreater(3 * 0.1, 0.3)  # in floating point
        self.assertEqual(surface_dice(prediction, truth, (5, 5, 0.1), tolerance_mm=0.3), 1.0)

    def test_few_far_voxels_are_what_the_percentile_leaves_out(self) -> None:
        truth = np.zeros((40, 40, 3), dtype=bool)
        truth[5:25, 5:25, 1] = True  # 400 voxels, all at the surface
        prediction = truth.copy()
        prediction[38, 38, 1] = True
        self.assertEqual(hausdorff_distance_95(prediction, truth, (1, 1, 1)), 0.0)
        prediction[30:33, 5:25, 1] = True  # 20 each 6, 7 and 8 rows away, of 461 in all
        # 5 % are 23 voxels: the far one, the 20 at 8, and some at 7
        self.assertEqual(hausdorff_distance_95(prediction, truth, (1, 1, 1)), 7.0)


def blobs() -> torch.Tensor:
    coarse = torch.rand(2, 1, 8, 7, 6, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, (40, 22, 18), mode="trilinear")[:, 0] > 0.55


def noise() -> torch.Tensor:
    return torch.rand(2, 20, 18, 16, generator=torch.Generator().manual_seed(0)) > 0.5


def far_apart() -> torch.Tensor:
    masks = torch.zeros(2, 50, 40, 30, dtype=torch.bool)
    masks[0, 2:7, 3:7, 4:8] = masks[1, 3:9, 4:7, 4:9] = masks[1, 45:48, 36:39, 20:29] = True
    return masks


class TestAgainstMonai(unittest.TestCase):
    @parameterized.expand(
        [
            (masks.__name__, masks, spacing)
            for masks in (blobs, noise, far_apart)
            for spacing in ((1.0, 1.0, 1.0), (0.7, 0.9, 5.0), (3.1, 0.8, 0.8))
        ]
    )
    def test_values_equal_those_of_monai(
        self, _: str, masks: Callable[[], torch.Tensor], spacing: tuple[float, float, float]
    ) -> None:
        prediction, truth = masks()
        pair = prediction[None, None], truth[None, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            distance = compute_hausdorff_distance(*pair, True, percentile=95, spacing=spacing)
            dice = compute_surface_dice(*pair, [2.0], True, spacing=spacing, use_subvoxels=True)
        self.assertAlmostEqual(hausdorff_distance_95(prediction, truth, spacing), float(distance), places=4)
        self.assertAlmostEqual(surface_dice(prediction, truth, spacing), float(dice), places=5)

    def test_any_order_of_axes_gives_the_same(self) -> None:
        truth, prediction = box(10, 30, 5.0), box(15, 40, 5.0)
        spacing = (IN_PLANE, IN_PLANE, 5.0)
        for metric in (hausdorff_distance_95, surface_dice):
            self.assertAlmostEqual(
                metric(prediction, truth, spacing),
                metric(prediction.transpose(2, 0, 1)[::-1], truth.transpose(2, 0, 1)[::-1], (5.0, IN_PLANE, IN_PLANE)),
                places=5,
            )


class TestEmpty(unittest.TestCase):
    def test_both_empty_are_equal(self) -> None:
        empty = np.zeros((4, 5, 6), np.uint8)
        self.assertEqual(hausdorff_distance_95(empty, empty, (1, 1, 1)), 0.0)
        self.assertEqual(surface_dice(empty, empty, (1, 1, 1)), 1.0)

    def test_one_empty_has_no_distance_and_no_surface_in_common(self) -> None:
        empty, full = np.zeros((4, 5, 6), np.uint8), np.ones((4, 5, 6), np.uint8)
        for pair in ((empty, full), (full, empty)):
            self.assertTrue(math.isnan(hausdorff_distance_95(*pair, (1, 1, 1))))
            self.assertEqual(surface_dice(*pair, (1, 1, 1)), 0.0)

    def test_mask_that_fills_the_volume_ends_at_its_border(self) -> None:
        full, part = np.ones((2, 6, 6, 8), bool)
        part[..., 5:] = False
        self.assertEqual(hausdorff_distance_95(part, full, (1, 1, 2)), 6.0)
        self.assertEqual(surface_dice(full, full, (1, 1, 2)), 1.0)

    def test_masks_of_different_shapes_are_refused(self) -> None:
        for metric in (hausdorff_distance_95, surface_dice):
            with self.assertRaisesRegex(ValueError, "one shape"):
                metric(np.ones((4, 4, 4)), np.ones((4, 4, 5)), (1, 1, 1))


if __name__ == "__main__":
    unittest.main()
