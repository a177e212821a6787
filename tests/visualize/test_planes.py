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

from monai_unet3plus.visualize import save_planes
from monai_unet3plus.visualize.panels import AXIAL, CORONAL, SAGITTAL, Plane, get_colour, make_panels
from monai_unet3plus.visualize.planes import largest_slice


class TestPlane(unittest.TestCase):
    @parameterized.expand(
        [
            (AXIAL, 3, "axial, slice 4 of 5, I 15 mm"),
            (AXIAL, 4, "axial, slice 5 of 5, S 15 mm"),
            (CORONAL, 0, "coronal, slice 1 of 11, P 20 mm"),
            (SAGITTAL, 20, "sagittal, slice 21 of 21, R 45 mm"),
        ]
    )
    def test_caption_gives_the_place_in_the_patient(self, plane: Plane, index: int, caption: str) -> None:
        affine = np.diag([2.0, 3.0, 30.0, 1.0])
        affine[:3, 3] = (5, -20, -105)
        self.assertEqual(plane.caption(index, (21, 11, 5), affine), caption)

    def test_caption_of_an_oblique_slice_is_that_of_its_middle(self) -> None:
        affine = np.eye(4)
        affine[2, 0] = 0.5  # the patient's right is higher
        self.assertEqual(AXIAL.caption(7, (21, 11, 9), affine), "axial, slice 8 of 9, S 12 mm")


class TestSavePlanes(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.picture = Path(folder.name) / "deep" / "picture.png"
        self.label_map = np.zeros((40, 30, 24), np.uint8)
        self.label_map[28:38, 16:26, 14:22] = 1  # right, front, top
        self.label_map[30:36, 18:24, 17] = 0
        self.label_map[2:8, 4:10, 2:6] = 2
        self.affine = np.diag([2.0, 3.0, 3.5, 1.0])

    def save(self, image: np.ndarray | None = None, organs: tuple[str, ...] = ("liver", "spleen")) -> None:
        def remember(*args: Any) -> Any:
            figure, self.axes = make_panels(*args)
            return figure, self.axes

        image = np.zeros(self.label_map.shape, np.float32) if image is None else image
        with mock.patch("monai_unet3plus.visualize.planes.make_panels", side_effect=remember):
            save_planes(image, self.label_map, organs, self.affine, self.picture)

    def panel(self, row: int, column: int) -> np.ndarray:
        """The pixels of a panel."""
        picture = (imread(self.picture)[..., :3] * 255).round()
        box = self.axes[row][column].get_position()
        (top, bottom), (left, right) = (
            (round(first * size), round(last * size))
            for first, last, size in zip((1 - box.y1, box.x0), (1 - box.y0, box.x1), picture.shape)
        )
        return picture[top:bottom, left:right]

    def middle_of(self, row: int, column: int, position: int) -> tuple[float, float] | None:
        """Where an organ's outline is in a panel, as shares of its height and width."""
        colour = [int(get_colour(position)[k : k + 2], 16) for k in (1, 3, 5)]
        pixels = self.panel(row, column)
        found = np.argwhere(np.abs(pixels - colour).max(axis=2) < 40)
        if not len(found):
            return None
        vertical, horizontal = (found.min(axis=0) + found.max(axis=0)) / 2 / pixels.shape[:2]
        return float(vertical), float(horizontal)

    def test_rows_go_through_the_slices_with_most_of_each_organ(self) -> None:
        self.save()
        captions = [[ax.texts[0].get_text().split(",")[1] for ax in row] for row in self.axes]
        self.assertEqual(
            captions,
            [
                [" slice 15 of 24", " slice 17 of 30", " slice 29 of 40"],
                [" slice 3 of 24", " slice 5 of 30", " slice 3 of 40"],
            ],
        )

    @parameterized.expand(
        [
            ("axial", 0, (1 - 21 / 30, 1 - 33 / 40)),
            ("coronal", 1, (1 - 18 / 24, 1 - 33 / 40)),
            ("sagittal", 2, (1 - 18 / 24, 1 - 21 / 30)),
        ]
    )
    def test_outlines_are_where_radiologists_expect_them(
        self, _: str, column: int, middle: tuple[float, float]
    ) -> None:
        self.save()
        found = self.middle_of(0, column, 0)
        assert found is not None
        np.testing.assert_allclose(found, middle, atol=0.02)
        letters = {text.get_text() for text in self.axes[0][column].texts[1:]}
        self.assertLessEqual(({"R", "L"}, {"R", "L"}, {"A", "P"})[column], letters)

    def test_ct_lies_below_its_outlines(self) -> None:
        self.save((self.label_map == 1).astype(np.float32))
        for column in range(3):
            bright = np.argwhere(self.panel(0, column).min(axis=2) > 200)
            middle = np.median(bright, axis=0) / self.panel(0, column).shape[:2]
            np.testing.assert_allclose(middle, self.middle_of(0, column, 0), atol=0.05)

    def test_proportions_are_those_of_the_patient(self) -> None:
        self.save()
        for column, (width, height) in enumerate(((80, 90), (80, 84), (90, 84))):
            found = self.panel(0, column).shape
            self.assertAlmostEqual(found[0] / found[1], height / width, delta=0.02)

    def test_scale_bar_is_as_long_as_it_says(self) -> None:
        self.save()
        (bar,) = [line for line in self.axes[0][0].lines]
        left, right = bar.get_xdata()
        self.assertEqual(right - left, 20)  # the panel is 80 mm wide
        self.assertIn("2 cm", [text.get_text() for text in self.axes[0][0].texts])
        self.assertEqual(self.axes[0][0].get_xlim(), (0, 80))

    def test_organ_that_is_not_there_has_no_row(self) -> None:
        self.label_map[self.label_map == 1] = 0
        self.save()
        self.assertEqual(len(self.axes), 1)
        self.assertIsNone(self.middle_of(0, 0, 0))
        self.assertIsNotNone(self.middle_of(0, 0, 1))

    def test_without_any_organ_the_middle_is_shown(self) -> None:
        self.label_map[:] = 0
        self.save()
        self.assertEqual(
            [ax.texts[0].get_text().split(",")[1] for ax in self.axes[0]],
            [" slice 13 of 24", " slice 16 of 30", " slice 21 of 40"],
        )

    def test_long_ct_shows_the_part_around_the_organs(self) -> None:
        self.label_map = np.zeros((20, 20, 200), np.uint8)
        self.label_map[5:15, 5:15, 150:156] = 1
        self.affine = np.diag([2.0, 2.0, 2.0, 1.0])
        self.save(organs=("liver",))
        for column in (1, 2):
            self.assertEqual(self.panel(0, column).shape[0], self.panel(0, column).shape[1])
            found = self.middle_of(0, column, 0)
            assert found is not None
            np.testing.assert_allclose(found, (0.5, 0.5), atol=0.02)

    def test_slices_are_cut_to_the_body_and_its_organs(self) -> None:
        image = np.zeros(self.label_map.shape, np.float32)
        image[12:36, 8:24] = 0.5  # 48 x 48 mm of 80 x 90; the second organ lies outside
        image[:, 1] = 0.5  # a table
        self.label_map[self.label_map == 2] = 0
        self.save(image)
        for column in (0, 1):
            height, width = self.panel(0, column).shape[:2]
            self.assertAlmostEqual(width / height, ((28 * 2) / (19 * 3), (28 * 2) / 84)[column], delta=0.03)
        black = np.mean(self.panel(0, 0).max(axis=2) < 20)
        self.assertLess(black, 0.4)

    @parameterized.expand([("thin", 8, [3, 3, 3]), ("thick", 24, [3, 3]), ("many", 8, [3, 3, 3, 1, 1, 1])])
    def test_organs_of_a_thin_slab_stand_side_by_side(self, name: str, slices: int, expected: list[int]) -> None:
        self.label_map = np.zeros((40, 30, slices), np.uint8)
        organs = [f"organ {number}" for number in range({"thin": 3, "thick": 2, "many": 4}[name])]
        for position in range(len(organs)):
            self.label_map[5 * position : 5 * position + 4, 10:14, 2:6] = position + 1
        self.save(organs=tuple(organs))
        self.assertEqual([len(row) for row in self.axes], expected)
        planes = [[ax.texts[0].get_text().split(",")[0] for ax in row] for row in self.axes]
        if name != "thick":
            self.assertEqual(planes[:3], [[plane] * 3 for plane in ("axial", "coronal", "sagittal")])

    @parameterized.expand([((1, 1, 1),), ((30, 1, 4),), ((16, 16, 1),)])
    def test_thin_volumes_are_drawn(self, shape: tuple[int, int, int]) -> None:
        self.label_map = np.ones(shape, np.uint8)
        self.save(organs=("liver",))
        self.assertTrue(self.picture.is_file())

    def test_largest_slice_in_a_box_is_that_of_the_volume(self) -> None:
        mask = self.label_map == 1
        box = (slice(28, 38), slice(16, 26), slice(14, 22))
        for plane in (AXIAL, CORONAL, SAGITTAL):
            self.assertEqual(largest_slice(mask[box], plane, box), largest_slice(mask, plane))


if __name__ == "__main__":
    unittest.main()
