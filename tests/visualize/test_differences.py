# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from matplotlib.image import imread
from parameterized import parameterized

from monai_unet3plus.visualize import save_differences
from monai_unet3plus.visualize.differences import worst_slices
from monai_unet3plus.visualize.panels import make_panels

GREEN, PINK = (0x3D, 0xDC, 0x84), (0xFF, 0x4F, 0xA3)
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])


class TestWorstSlices(unittest.TestCase):
    @parameterized.expand(
        [
            ("most_first", [0, 5, 0, 9, 0, 7], 1, [3, 5, 1]),
            ("apart", [8, 9, 8, 0, 3, 0, 4], 3, [1, 6]),
            ("not_more_than_three", [1, 2, 3, 4, 5, 6], 1, [5, 4, 3]),
            ("none_differ", [0, 0, 0], 1, []),
            ("equal_ones_from_below", [2, 2, 2, 2], 2, [0, 2]),
        ]
    )
    def test_chosen(self, _: str, voxels: list[int], apart: int, expected: list[int]) -> None:
        self.assertEqual(worst_slices(voxels, apart), expected)


class TestSaveDifferences(unittest.TestCase):
    LEGEND = 38  # pixels
    axes: list[list[Any]]

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.picture = Path(folder.name) / "deep" / "picture.png"
        self.ct = np.random.default_rng(0).normal(0.5, 0.05, (40, 30, 24))
        self.truth = np.zeros((40, 30, 24), np.uint8)
        self.truth[24:34, 8:20, 4:20] = 1
        self.prediction = self.truth.copy()

    def pixels(self, colour: tuple[int, int, int], **masks: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Where a colour is found in the picture, above the legend; rows and columns."""
        with mock.patch("monai_unet3plus.visualize.differences.make_panels", side_effect=self.make_panels):
            save_differences(self.ct, masks, AFFINE, self.picture)
        image = (imread(self.picture)[..., :3] * 255).round()
        return np.argwhere((np.abs(image - colour).max(axis=2) < 40)[: -self.LEGEND])

    def make_panels(self, *args: Any) -> Any:
        figure, self.axes = make_panels(*args)
        return figure, self.axes

    def panel(self, row: int, column: int) -> tuple[slice, slice]:
        """Rows and columns of a panel's pixels in the picture."""
        height, width = imread(self.picture).shape[:2]
        box = self.axes[row][column].get_position()
        return slice(int((1 - box.y1) * height), int((1 - box.y0) * height)), slice(
            int(box.x0 * width), int(box.x1 * width)
        )

    def captions(self) -> list[str]:
        return [ax.texts[0].get_text() for row in self.axes for ax in row]

    def test_shows_the_slices_that_differ_most(self) -> None:
        self.prediction[24:34, 8:12, 6:8] = 0  # of these two one is enough: they are neighbours
        self.prediction[4:10, 8:12, 14] = 1
        self.pixels(GREEN, liver=(self.truth, self.prediction))
        self.assertEqual(
            self.captions(),
            [
                "axial, slice 15 of 24, S 70 mm: 1.0 cm² differ",
                "axial, slice 7 of 24, S 30 mm: 1.6 cm² differ",
                "coronal, slice 9 of 30, A 16 mm: 2.6 cm² differ",
                "sagittal, slice 25 of 40, R 48 mm: 0.8 cm² differ",
            ],
        )

    def test_sides_are_those_that_radiologists_expect(self) -> None:
        self.prediction[4:10, 8:20, 10] = 1  # found besides, at the patient's left
        self.truth[24:34, 14:20, 10] = 0  # which leaves the back part
        self.prediction[24:34, 8:14, 10] = 0  # and here the front part
        masks = {"liver": (self.truth, self.prediction)}
        green, pink = self.pixels(GREEN, **masks), self.pixels(PINK, **masks)
        rows, columns = self.panel(0, 0)
        green, pink = (
            found[(found[:, 0] < rows.stop) & (found[:, 0] >= rows.start) & (found[:, 1] < columns.stop)]
            for found in (green, pink)
        )
        middle = (columns.start + columns.stop) / 2
        self.assertLess(green[:, 1].max(), middle)
        self.assertGreater(pink[:, 1].max(), middle)
        self.assertLess(pink[:, 0].min(), green[:, 0].min())

    def test_image_lies_below_its_outlines(self) -> None:
        self.ct = np.where(self.truth == 1, 0.6, 0.0)
        self.prediction[4:10, 8:20, 10] = 1  # at the other side, so that the part shown holds both
        self.pixels(GREEN, liver=(self.truth, self.prediction))
        grey = np.abs(imread(self.picture)[..., :3][self.panel(0, 0)] - 0.6).max(axis=2) < 0.02
        columns = np.flatnonzero(grey.sum(axis=0) > 20)
        self.assertGreater(len(columns), 0)
        self.assertLess(columns.max(), grey.shape[1] / 2)

    def test_agreement_shows_slices_through_the_truth(self) -> None:
        self.assertGreater(len(self.pixels(GREEN, liver=(self.truth, self.truth))), 0)
        self.assertEqual([len(row) for row in self.axes], [3, 2])

    def test_outlines_that_agree_are_both_seen(self) -> None:
        for colour in (GREEN, PINK):
            self.assertGreater(len(self.pixels(colour, liver=(self.truth, self.truth))), 50)

    @parameterized.expand([("empty_masks", 1), ("no_organ_annotated", 0)])
    def test_nothing_to_outline(self, _: str, organs: int) -> None:
        masks = {f"organ_{n}": (0 * self.truth, 0 * self.truth) for n in range(organs)}
        self.assertEqual(len(self.pixels(GREEN, **masks)), 0)

    def test_several_organs_count_together(self) -> None:
        other = np.zeros_like(self.truth)
        other[4:10, 8:20, 15] = 1
        self.prediction[24:34, 8:12, 6] = 0
        self.pixels(GREEN, liver=(self.truth, self.prediction), spleen=(other, 0 * other))
        self.assertEqual([len(row) for row in self.axes], [2, 2])


if __name__ == "__main__":
    unittest.main()
