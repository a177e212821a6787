# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from parameterized import parameterized
from pydicom import Dataset

from monai_unet3plus.data.reading.dicom_series import find_ct_stack, scan_folder
from monai_unet3plus.data.reading.volume import read_volume
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import REAL_DATA
from tests.dicom_files import CT, axial_positions, ct_slices, enhanced_ct, hounsfield, save_dicom

HU = hounsfield()
OTHER = hounsfield(seed=1)
PLANE = ("Rows", "Columns", "PixelData", "ImagePositionPatient", "ImageOrientationPatient")


def report(modality: str, sop_class: str) -> Dataset:
    (ds,) = ct_slices(HU[:1], series="1.2.3.8", Modality=modality, SOPClassUID=sop_class, **dict.fromkeys(PLANE))
    return ds


def screen_saves(count: int) -> list[Dataset]:
    colours: dict[str, Any] = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    colours |= {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0, "PixelData": bytes(360)}
    places = dict.fromkeys(("ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept"))
    slices = np.repeat(HU[:1], count, axis=0)
    return ct_slices(slices, series="1.2.3.9", SOPClassUID="1.2.840.10008.5.1.4.1.1.7", **colours, **places)


class FolderCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "ct"
        save_dicom(self.folder, ct_slices(HU))

    def check(self, *warnings: str) -> None:
        """The CT is read as it is alone in the folder, with these warnings."""
        volume = read_volume(self.folder)
        np.testing.assert_array_equal(volume.array.T, HU)
        self.assertEqual(volume.array.dtype, np.int16)
        self.assertEqual(len(volume.warnings), len(warnings), volume.warnings)
        for found, expected in zip(volume.warnings, warnings):
            self.assertIn(expected, found)


class TestWhatElseLiesThere(FolderCase):
    def test_overview_in_the_series(self) -> None:
        scout = ct_slices(np.zeros((1, 12, 10)), [(-100, 50, 60)], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
        save_dicom(self.folder, scout, "S")
        self.check("taken is the CT with most slices, 1.2.3.1 (6 slices), and not CT 1.2.3.1 (1 slice)")

    def test_overviews_that_call_themselves_so(self) -> None:
        scouts = ct_slices(np.zeros((8, 12, 10)), series="1.2.3.2", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
        save_dicom(self.folder, scouts, "S")
        self.check("and not CT 1.2.3.2 (8 slices)")

    def test_coronal_reformats(self) -> None:
        places = [(-100.0, -90.0 + 2 * k, 50.0) for k in range(9)]
        coronal = ct_slices(hounsfield((9, 6, 10)), places, "1.2.3.2", ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
        save_dicom(self.folder, coronal, "C")
        self.check("and not CT 1.2.3.2 (9 slices)")

    def test_screen_saves_and_reports(self) -> None:
        save_dicom(self.folder, screen_saves(20), "R")
        save_dicom(self.folder, [report("SR", "1.2.840.10008.5.1.4.1.1.88.67")], "D")
        (self.folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
        (self.folder / "readme.txt").write_text("no DICOM")
        self.check("and not CT 1.2.3.9 (20 slices), SR (1 file)")

    def test_another_ct_with_fewer_slices_and_another_modality(self) -> None:
        save_dicom(self.folder, ct_slices(OTHER[:4], series="1.2.3.2"), "A")
        save_dicom(
            self.folder,
            ct_slices(OTHER, series="1.2.3.3", Modality="PT", SOPClassUID="1.2.840.10008.5.1.4.1.1.128"),
            "P",
        )
        self.check(
            "3 DICOM series; taken is the CT with most slices, 1.2.3.1 (6 slices), and not CT 1.2.3.2 (4 slices), PT"
        )

    def test_copies_of_files(self) -> None:
        for number in (2, 3):
            shutil.copy(self.folder / f"I00{number}", self.folder / f"I00{number} (1)")
        self.check("2 copies of slices passed over")

    def test_slices_exported_twice_with_new_identifiers(self) -> None:
        save_dicom(self.folder, ct_slices(HU), "J")
        self.check("6 copies of slices passed over")


class TestPhases(FolderCase):
    @parameterized.expand(
        [
            ("AcquisitionNumber", 1, 2),
            ("AcquisitionNumber", 9, 10),
            ("TemporalPositionIdentifier", 1, 2),
            ("AcquisitionTime", "101010", "101050"),
        ]
    )
    def test_first_of_two_phases_is_taken_and_named(self, field: str, first: Any, second: Any) -> None:
        save_dicom(self.folder, ct_slices(HU, **{field: first}))
        save_dicom(self.folder, ct_slices(OTHER, **{field: second}), "J")
        self.check(f"2 phases, {field} {first}, {second}; taken is {first} with 6 slices")

    def test_phases_by_the_numbers_of_slices(self) -> None:
        second = ct_slices(OTHER)
        for number, ds in enumerate(second, start=7):
            ds.InstanceNumber = number
        save_dicom(self.folder, second, "J")
        self.check("2 phases, by InstanceNumber 1, 2; taken is 1 with 6 slices")

    def test_phases_in_multi_frame_files(self) -> None:
        shutil.rmtree(self.folder)
        save_dicom(self.folder, [enhanced_ct(HU), enhanced_ct(OTHER)])
        self.check("2 phases, file ")

    def test_phases_that_nothing_tells_apart_are_refused(self) -> None:
        second = ct_slices(OTHER)
        for ds in second:
            ds.InstanceNumber = 1
        save_dicom(self.folder, second, "J")
        with self.assertRaisesRegex(InputError, "expected one slice at each position, but found 2 .* position 1 of 6"):
            find_ct_stack(str(self.folder))

    def test_slices_at_one_position_are_no_phases(self) -> None:
        shutil.rmtree(self.folder)
        save_dicom(self.folder, ct_slices(HU, [axial_positions(1)[0]] * 6))
        with self.assertRaisesRegex(InputError, "but found 6 with different pixels at position 1 of 1"):
            find_ct_stack(str(self.folder))


class TestFiles(FolderCase):
    def test_files_without_preamble(self) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for number, ds in enumerate(ct_slices(HU)):
            plain = Dataset()
            plain.update(ds)
            pydicom.dcmwrite(self.folder / str(number), plain, implicit_vr=True, little_endian=True)
        self.check()

    def test_rescale_of_each_frame_counts(self) -> None:
        shutil.rmtree(self.folder)
        save_dicom(self.folder, [enhanced_ct(HU, intercepts=[-1024.0 - 100 * k for k in range(6)])])
        self.check()

    def test_rescale_of_each_slice_counts(self) -> None:
        slices = ct_slices(HU)
        for number, ds in enumerate(slices):
            ds.RescaleIntercept -= 100 * number
            ds.PixelData = (HU[number] - float(ds.RescaleIntercept)).astype("<i2").tobytes()
        save_dicom(self.folder, slices)
        self.check()

    def test_files_from_which_identifiers_were_removed(self) -> None:
        names = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for number, ds in enumerate(ct_slices(HU, **dict.fromkeys(names))):
            ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = CT, "1.2.3"
            ds.save_as(self.folder / str(number), enforce_file_format=True)
        self.check()

    def test_slice_that_is_cut_off_is_named(self) -> None:
        path = self.folder / "I003"
        whole = path.read_bytes()
        for size in (len(whole) - 100, 400):
            path.write_bytes(whole[:size])
            with self.assertRaisesRegex(InputError, "I003"):
                read_volume(self.folder)

    @parameterized.expand(
        [
            ([report("SR", "1.2.840.10008.5.1.4.1.1.88.67")], ["SR"]),
            ([report("RTSTRUCT", "1.2.840.10008.5.1.4.1.1.481.3")], ["RTSTRUCT"]),
            (ct_slices(HU, Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4"), ["MR"]),
        ]
    )
    def test_folder_without_a_ct(self, datasets: list[Dataset], kinds: list[str]) -> None:
        shutil.rmtree(self.folder)
        names = [path.name for path in save_dicom(self.folder, datasets).iterdir()]
        self.assertEqual(scan_folder(str(self.folder), names), (None, kinds))
        with self.assertRaisesRegex(InputError, re.escape(f"expected a CT series, but found 1 of {kinds}")):
            find_ct_stack(str(self.folder))

    @unittest.skipUnless(REAL_DATA.is_dir(), "needs the real CTs")
    def test_real_series_pass(self) -> None:
        for folder in REAL_DATA.rglob("dicom_series"):
            read_volume(folder)


if __name__ == "__main__":
    unittest.main()
