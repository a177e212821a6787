# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import LoadCT, SaveDicomSegd, dicom_seg
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes, write_dicom_series
from tests.dicom_files import axial_positions, ct_slices, enhanced_ct, hounsfield, save_dicom

ORGANS = ["liver", "spleen", "left flange"]


@unittest.skipUnless(find_spec("highdicom"), "highdicom is not installed (extra: dicom)")
class TestSaveDicomSegd(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        write_boxes(self.work / "data", cases=1, test_cases=0)
        self.volume = self.work / "data" / "imagesTr" / "box_0.nii.gz"
        self.series = self.work / "data" / "series"

    def save(self, source: Path) -> np.ndarray:
        """Write the segmentation of an image by its own values, and return the label map."""
        image = LoadCT()(source)
        labels = (torch.as_tensor(np.asarray(image)) > 0).to(torch.uint8)
        labels[:20, :, 2] *= 2
        mask = MetaTensor(labels[None], meta=image.meta)
        SaveDicomSegd("pred", ORGANS, self.work / "out", self.work / "data")({"pred": mask})
        return labels.numpy()

    def check(self, source: Path) -> None:
        import highdicom
        import pydicom

        labels = self.save(source)
        found = highdicom.seg.segread(self.work / "out" / f"{source.name}_seg.dcm")
        self.assertEqual([segment.SegmentLabel for segment in found.SegmentSequence], ORGANS)
        slices = [pydicom.dcmread(path) for path in source.iterdir()]
        slices.sort(
            key=lambda one: np.dot(one.ImagePositionPatient, np.cross(*np.reshape(one.ImageOrientationPatient, (2, 3))))
        )
        for name in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
            self.assertEqual(getattr(found, name), getattr(slices[0], name), name)
        self.assertNotEqual(found.SeriesInstanceUID, slices[0].SeriesInstanceUID)
        (referenced,) = found.ReferencedSeriesSequence
        self.assertEqual(referenced.SeriesInstanceUID, slices[0].SeriesInstanceUID)
        # read by the slices that it refers to, whose order here comes from their positions alone
        uids = [one.SOPInstanceUID for one in slices]
        frames = found.get_pixels_by_source_instance(
            uids, combine_segments=True, ignore_spatial_locations=True, assert_missing_frames_are_empty=True
        )
        self.assertTrue(labels.any())
        np.testing.assert_array_equal(frames, labels.T)

    def test_each_organ_is_a_segment_on_the_slices_of_the_series(self) -> None:
        write_dicom_series(self.volume, self.series)
        self.check(self.series)

    def test_frames_of_a_multi_frame_file_in_any_order_are_referred_to(self) -> None:
        import highdicom

        order = [3, 0, 5, 1, 4, 2]
        source = enhanced_ct(hounsfield()[order], [axial_positions(6)[k] for k in order])
        labels = self.save(save_dicom(self.series, [source]))
        found = highdicom.seg.segread(self.work / "out" / "series_seg.dcm")
        frames = found.get_pixels_by_source_frame(
            source.SOPInstanceUID, range(1, 7), combine_segments=True, ignore_spatial_locations=True
        )
        self.assertTrue(labels.any())
        np.testing.assert_array_equal(frames, labels.T[order])

    @parameterized.expand(
        [
            (
                "no_identifiers",
                ct_slices(hounsfield(), StudyInstanceUID=None),
                "expected StudyInstanceUID in each file",
            ),
            (
                "concatenation",
                [enhanced_ct(hounsfield()[:4]), enhanced_ct(hounsfield()[4:], axial_positions(6)[4:])],
                "2 files",
            ),
        ]
    )
    def test_series_of_which_no_object_can_be_made_gives_a_warning(self, _: str, datasets: Any, reason: str) -> None:
        save_dicom(self.series, datasets)
        with self.assertLogs("monai_unet3plus.transforms.dicom_seg", "WARNING") as log:
            self.save(self.series)
        self.assertIn(f"{self.series}: no DICOM SEG is written: expected", log.output[0])
        self.assertIn(reason, log.output[0])
        self.assertFalse((self.work / "out").exists())

    def test_organs_have_codes_of_snomed_ct_where_it_has_them(self) -> None:
        write_dicom_series(self.volume, self.series)
        self.save(self.series)
        import pydicom

        segments = pydicom.dcmread(self.work / "out" / "series_seg.dcm").SegmentSequence
        kinds = [segment.SegmentedPropertyTypeCodeSequence[0] for segment in segments]
        self.assertEqual([kind.CodingSchemeDesignator for kind in kinds], ["SCT", "SCT", "99UNET3PLUS"])
        self.assertEqual([kind.CodeValue for kind in kinds], ["10200004", "78961009", "left flange"])

    def test_other_files_are_passed_over_with_a_warning(self) -> None:
        with self.assertLogs("monai_unet3plus.transforms.dicom_seg", "WARNING") as log:
            self.save(self.volume)
        self.assertIn("is no DICOM series", log.output[0])
        self.assertFalse((self.work / "out").exists())


class TestWithoutHighdicom(unittest.TestCase):
    def test_it_is_asked_for(self) -> None:
        with mock.patch.object(dicom_seg, "find_spec", return_value=None), self.assertRaisesRegex(
            InputError, "pip install"
        ):
            SaveDicomSegd("pred", ["liver"], "out", "data")


if __name__ == "__main__":
    unittest.main()
