# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import json
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np

from tests.bundle.workflows import inference, run
from tests.data_sets import write_boxes, write_dicom_series

SAVE = "pydicom.dataset.Dataset.save_as"


@unittest.skipUnless(find_spec("highdicom"), "highdicom is not installed (extra: dicom)")
class TestDicomSeg(unittest.TestCase):
    """Of inference over a folder with one DICOM series."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        write_boxes(self.work / "boxes", cases=1, test_cases=0)
        write_dicom_series(self.work / "boxes" / "imagesTr" / "box_0.nii.gz", self.work / "dicom" / "series")
        self.masks = self.work / "masks"
        self.mask, self.object = self.masks / "series_seg.nii.gz", self.masks / "series_seg.dcm"

    def segment(self, **overrides: Any) -> dict[str, Any]:
        """Run the bundle, and return the only case of the report."""
        run(inference(self.work / "dicom", self.masks, **overrides))
        return self.read_case()

    def read_case(self) -> dict[str, Any]:
        (case,) = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))["cases"]
        return case

    def read_object(self) -> np.ndarray:
        """Labels on the grid of the series, whose rows go to the front and whose columns go to the left, in RAS."""
        import highdicom

        slices = [f"1.2.3.1.{z + 1}" for z in range(6)]  # an object has no frames of those without an organ
        labels = highdicom.seg.segread(self.object).get_pixels_by_source_instance(
            slices, combine_segments=True, assert_missing_frames_are_empty=True
        )
        return labels.transpose(2, 1, 0)[::-1]

    def test_masks_of_an_earlier_run_get_theirs(self) -> None:
        self.segment()
        before = self.mask.stat()
        self.assertFalse(self.object.exists())
        case = self.segment(dicom_seg=True)
        self.assertEqual((case["status"], case["remarks"]), ("unchanged", []))
        self.assertEqual(self.mask.stat().st_mtime_ns, before.st_mtime_ns)
        mask = np.asarray(nib.as_closest_canonical(nib.load(self.mask)).dataobj)
        self.assertTrue(mask.any())
        np.testing.assert_array_equal(self.read_object(), mask)
        written = self.object.stat().st_mtime_ns
        self.segment(dicom_seg=True)
        self.assertEqual(self.object.stat().st_mtime_ns, written, "one that is there is left alone")

    def test_none_of_an_earlier_mask_lies_beside_a_new_one(self) -> None:
        self.segment(dicom_seg=True)
        self.assertTrue(self.object.is_file())
        self.segment(overwrite=True)
        self.assertFalse(self.object.exists())

    def test_mask_survives_an_object_that_fails_and_the_status_says_so(self) -> None:
        def fill(dataset: Any, path: Path) -> None:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        with mock.patch(SAVE, fill), self.assertLogs("monai_unet3plus.bundle.run", "ERROR") as logged:
            with self.assertRaises(SystemExit) as raised:
                self.segment(dicom_seg=True)
        self.assertEqual(raised.exception.code, 3)
        self.assertIn("no DICOM SEG: ", logged.output[0])
        self.assertIn("No space left on device", logged.output[0])
        self.assertIn("1 of 1 cases segmented, 0 failed, 1 without a file that was asked for", logged.output[-1])
        case = self.read_case()
        self.assertEqual((case["status"], case["mask"]), ("segmented", "series_seg.nii.gz"))
        self.assertIn("series_seg.dcm can't be written: No space left on device", " ".join(case["remarks"]))
        self.assertEqual(
            sorted(path.name for path in self.masks.glob("*series*")), ["series_seg.json", "series_seg.nii.gz"]
        )
        with mock.patch(SAVE, fill), self.assertRaises(SystemExit) as raised:
            self.segment(dicom_seg=True)
        self.assertEqual(raised.exception.code, 3, "it is tried again, and missing again")
        self.segment(dicom_seg=True)
        self.assertTrue(self.object.is_file())

    def test_mask_survives_any_error_of_highdicom(self) -> None:
        with mock.patch("highdicom.seg.Segmentation", side_effect=KeyError("PixelMeasures")):
            with self.assertRaises(SystemExit) as raised:
                self.segment(dicom_seg=True)
        self.assertEqual(raised.exception.code, 3)
        case = self.read_case()
        self.assertEqual(case["status"], "segmented")
        self.assertIn("no DICOM SEG is written", case["remarks"][0])
        self.assertTrue(self.mask.is_file())


if __name__ == "__main__":
    unittest.main()
