# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np

from monai_unet3plus.data.reading.volume import read_volume
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import REAL_DATA, write_boxes, write_dicom_series


class DicomCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        write_boxes(root, cases=2, test_cases=0)
        self.volume, self.other = (root / "imagesTr" / f"box_{number}.nii.gz" for number in (0, 1))
        self.series = root / "series"


class TestCheckSeriesd(DicomCase):
    def setUp(self) -> None:
        super().setUp()
        write_dicom_series(self.volume, self.series)  # six slices of 4 mm

    def test_series_that_lacks_a_slice_within_is_refused(self) -> None:
        sorted(self.series.iterdir())[3].unlink()
        with self.assertRaisesRegex(InputError, r"4.00 to 8.00 mm, the widest after slice \d of 5. Are files missing"):
            read_volume(self.series)

    @unittest.skipUnless(REAL_DATA.is_dir(), "needs the real CTs")
    def test_real_series_passes(self) -> None:
        for folder in REAL_DATA.rglob("dicom_series"):
            read_volume(folder)


class TestLoadVolumed(DicomCase):
    def load(self, path: Path) -> np.ndarray:
        return read_volume(path).array

    def test_ct_with_most_slices_is_taken_and_it_is_said(self) -> None:
        write_dicom_series(self.volume, self.series, number=7)
        expected = self.load(self.series)
        self.assertEqual(expected.shape, (48, 40, 6))
        write_dicom_series(self.other, self.series, number=1, slices=4)
        write_dicom_series(self.other, self.series, number=9, modality="PT")
        with self.assertLogs("monai_unet3plus.data.reading.dicom_series", "WARNING") as log:
            found = self.load(self.series)
        np.testing.assert_array_equal(found, expected)
        self.assertIn("taken is the CT with most slices, 1.2.3.7 (6 slices), and not", log.output[0])
        self.assertIn("CT 1.2.3.1 (4 slices), PT 1.2.3.9 (6 slices)", log.output[0])

    def test_several_series_without_a_ct_are_refused(self) -> None:
        for number, modality in ((1, "MR"), (2, "PT")):
            write_dicom_series(self.volume, self.series, number=number, modality=modality)
        with self.assertRaisesRegex(InputError, r"expected a CT series, but found 2 of \['MR', 'PT'\]"):
            read_volume(self.series)


if __name__ == "__main__":
    unittest.main()
