# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
from matplotlib.image import imread
from parameterized import parameterized

from monai_unet3plus.visualize import save_outlines

GREEN, PINK = (0x3D, 0xDC, 0x84), (0xFF, 0x4F, 0xA3)


def columns_of(picture: Path, colour: tuple[int, int, int]) -> np.ndarray:
    """Columns of the first panel, as shares of its width, in which a colour is found above the legend."""
    pixels = (imread(picture)[..., :3] * 255).round()
    close = (np.abs(pixels - colour).max(axis=2) < 40)[: int(0.9 * len(pixels)), : pixels.shape[1] // 4]
    return np.flatnonzero(close.any(axis=0)) / close.shape[1]


class TestSaveOutlines(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.ct = np.random.default_rng(0).normal(40, 10, (40, 40, 12))
        self.mask = np.zeros((40, 40, 12), np.uint8)
        self.mask[28:36, 10:30, 2:10] = 1  # in RAS, high indices along the first axis are the patient's right side

    def save(self, name: str, array: np.ndarray, codes: str = "RAS") -> Path:
        image = nib.Nifti1Image(array.astype(np.int16), np.diag([2.0, 2.0, 5.0, 1.0]))
        orientation = nib.orientations.axcodes2ornt(codes)
        start = nib.orientations.io_orientation(image.affine)
        path = self.work / f"{name}_{codes}.nii.gz"
        nib.save(image.as_reoriented(nib.orientations.ornt_transform(start, orientation)), path)
        return path

    @parameterized.expand([("RAS",), ("LPS",), ("PIR",)])
    def test_right_side_of_the_patient_is_on_the_left_however_stored(self, codes: str) -> None:
        picture = self.work / "picture.png"
        save_outlines(self.save("ct", self.ct, codes), {"liver": self.save("mask", self.mask, codes)}, picture)
        columns = columns_of(picture, GREEN)
        self.assertGreater(len(columns), 0)
        self.assertLess(columns.max(), 0.5)

    def test_truth_and_prediction_have_colours_of_their_own(self) -> None:
        ct, truth, prediction = self.save("ct", self.ct), self.save("t", self.mask), self.save("p", self.mask[::-1])
        save_outlines(ct, {"truth": truth, "prediction": prediction}, self.work / "picture.png")
        self.assertLess(columns_of(self.work / "picture.png", GREEN).max(), 0.5)
        self.assertGreater(columns_of(self.work / "picture.png", PINK).min(), 0.5)

    def test_empty_mask_is_drawn_without_outline(self) -> None:
        picture = self.work / "deep" / "picture.png"
        save_outlines(self.save("ct", self.ct), {"liver": self.save("m", 0 * self.mask)}, picture)
        self.assertEqual(len(columns_of(picture, GREEN)), 0)


if __name__ == "__main__":
    unittest.main()
