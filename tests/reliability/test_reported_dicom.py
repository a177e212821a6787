# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""DICOM of the kinds that users of other readers have reported, by repository and number of the report."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK
from parameterized import parameterized
from pydicom import Dataset

from monai_unet3plus.data.reading.file_checks import check_file
from monai_unet3plus.utils.errors import InputError
from tests.dicom_files import SPACING, axial_positions, ct_slices, enhanced_ct, hounsfield, save_dicom

HU = hounsfield()
LPS_TO_RAS = np.diag([-1.0, -1, 1, 1])
TILTED = [(-100.0, -90 + 1.2 * k, -50 + 5.0 * k) for k in range(6)]


def grid(*positions: Any) -> np.ndarray:
    """The affine, towards right, front and head, of axial slices at these positions."""
    first, second = np.array(positions[:2] or axial_positions(2), dtype=float)
    affine = np.eye(4)
    affine[0, 0], affine[1, 1], affine[:3, 2], affine[:3, 3] = SPACING[1], SPACING[0], second - first, first
    return LPS_TO_RAS @ affine


def bits(stored: int, unused: int = 0, signed: bool = False, **fields: Any) -> list[Dataset]:
    """Slices of fewer bits than are allocated, with something in the others."""
    slices = ct_slices(HU, BitsStored=stored, PixelRepresentation=int(signed), **{"HighBit": stored - 1} | fields)
    for ds, plane in zip(slices, HU.astype(int)):
        numbers = (plane if signed else plane + 1024) & (2**stored - 1)
        ds.PixelData = (numbers | unused << stored).astype("<u2").tobytes()
        ds.RescaleIntercept = 0 if signed else -1024
    return slices


def changed(number: int, **fields: Any) -> list[Dataset]:
    """Slices of which one has other values; None leaves a field out."""
    slices = ct_slices(HU)
    for name, value in fields.items():
        if value is None:
            delattr(slices[number], name)
        else:
            setattr(slices[number], name, value)
    return slices


def padded(value: int, stated: int, signed: bool) -> list[Dataset]:
    """Slices of which the first pixel is padding."""
    slices = ct_slices(HU, PixelRepresentation=int(signed))
    for ds in slices:
        pixels = np.frombuffer(ds.PixelData, "<u2").copy()
        pixels[0] = value % 2**16
        ds.PixelData = pixels.tobytes()
        ds.add_new("PixelPaddingValue", "US" if stated >= 0 else "SS", stated)
    return slices


def in_jpeg_2000(folder: Path) -> Path:
    """Slices that GDCM has packed with signed numbers, and whose header calls them unsigned."""
    for file in sorted(save_dicom(folder / "plain", ct_slices(HU)).iterdir()):
        reader, writer = SimpleITK.ImageFileReader(), SimpleITK.ImageFileWriter()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(file))
        image = SimpleITK.Cast(reader.Execute(), SimpleITK.sitkInt16)
        for name in reader.GetMetaDataKeys():
            image.SetMetaData(name, reader.GetMetaData(name))
        packed = folder / f"{file.name}.dcm"
        writer.SetFileName(str(packed))
        writer.KeepOriginalImageUIDOn()
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG2000")
        writer.Execute(image)
        ds = pydicom.dcmread(packed)
        ds.PixelRepresentation = 0
        ds.save_as(packed)
    return folder


def with_overview() -> list[Dataset]:
    overview = ct_slices(np.zeros((1, 12, 10)), [(-100, 50, 60)], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    return ct_slices(HU) + overview


class ReportedCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def check(self, path: Path | str, affine: np.ndarray | None = None, hu: np.ndarray = HU) -> list[str]:
        """A volume is read as its maker meant it; returns the warnings."""
        volume = check_file(str(path), 2**20, keep=True)
        assert volume is not None
        np.testing.assert_allclose(volume.array.T, hu, atol=1e-3)
        np.testing.assert_allclose(volume.affine, grid() if affine is None else affine, atol=1e-3)
        return volume.warnings

    def refuse(self, path: Path | str, sentence: str) -> None:
        with self.assertRaisesRegex(InputError, sentence):
            check_file(str(path), 2**20, keep=True)


class TestReadRight(ReportedCase):
    @parameterized.expand(
        [
            ("tilted gantry, rordenlab/dcm2niix#253", lambda: ct_slices(HU, TILTED), grid(*TILTED)),
            ("rounded, dicom2nifti#36", lambda: ct_slices(HU, np.round(axial_positions(6, 4.99999), 4)), None),
            ("oblong pixels, dicom2nifti#37", lambda: ct_slices(HU), None),
            ("12 bits with a sign, dicom2nifti#13", lambda: bits(12, signed=True), None),
            ("overlay in unused bits, vtk-dicom#134", lambda: bits(12, unused=5), None),
            ("the same with a sign", lambda: bits(12, unused=5, signed=True), None),
            ("MONOCHROME1, scifio#311", lambda: ct_slices(HU, PhotometricInterpretation="MONOCHROME1"), None),
            ("of 12 bits", lambda: bits(12, PhotometricInterpretation="MONOCHROME1"), None),
            ("in frames", lambda: [enhanced_ct(HU, PhotometricInterpretation="MONOCHROME1")], None),
            ("rescale of each slice, dwv#80", lambda: changed(2, RescaleIntercept=-1024.0), None),
            ("overview, picai_prep#39", with_overview, None),
            ("copies, SimpleITK#2176", lambda: [*ct_slices(HU), *ct_slices(HU)], None),
            ("step of -20 stated, SimpleITK#2292", lambda: ct_slices(HU, SpacingBetweenSlices=-20), None),
            ("one number for all slices", lambda: ct_slices(HU, InstanceNumber=1), None),
            ("frames, Slicer#6773", lambda: [enhanced_ct(HU, InstanceNumber=None)], None),
            (
                "directions of another length",
                lambda: ct_slices(HU, ImageOrientationPatient=[0.9, 0, 0, 0, 0.9, 0]),
                None,
            ),
        ]
    )
    def test_report(self, _: str, slices: Callable[[], list[Dataset]], affine: np.ndarray | None) -> None:
        self.check(save_dicom(self.folder, slices()), affine)

    def test_sign_of_jpeg_2000_pydicom_1149(self) -> None:
        self.check(in_jpeg_2000(self.folder))

    @unittest.skipIf(sys.getfilesystemencoding() == "ascii", "the locale has no such letters in names of files")
    def test_folder_in_other_letters_simpleitk_1255(self) -> None:
        self.check(save_dicom(self.folder / "Ordner ä 肝", ct_slices(HU)))

    @parameterized.expand(
        [
            ("written as it is", -2000, 63536, True, -3024),
            ("without a sign", 63536, 63536, False, -1024),
            ("with the sign of another field", 63536, -2000, False, -1024),
            ("of 0", 0, 0, False, -1024),
        ]
    )
    def test_padding_is_dark_vtk_dicom_173(self, _: str, value: int, stated: int, signed: bool, hu: float) -> None:
        expected = HU.copy()
        expected[:, 0, 0] = hu
        self.check(save_dicom(self.folder, padded(value, stated, signed)), hu=expected)


class TestRefused(ReportedCase):
    @parameterized.expand(
        [
            ("gap, dcm2niix#468", lambda: [ds for k, ds in enumerate(ct_slices(HU)) if k != 3], "evenly spaced"),
            (
                "too few pixels, pydicom#1188",
                lambda: changed(2, PixelData=bytes(200)),
                "240 bytes of pixels.*found 200",
            ),
            ("pixels in high bits, dwv#30", lambda: bits(12, HighBit=15), "lowest 12 bits, but High Bit is 15"),
            (
                "rescale in some slices, VolView#292",
                lambda: changed(2, RescaleSlope=None, RescaleIntercept=None),
                "Rescale Intercept in each slice or in none, but 1 of 6 have none, such as I002",
            ),
            ("zero", lambda: ct_slices(HU, ImageOrientationPatient=[0] * 6), "6 of 6 have none that can be used"),
            ("not at right angles", lambda: ct_slices(HU, ImageOrientationPatient=[1, 0, 0, 0.2, 1, 0]), "can be used"),
        ]
    )
    def test_report(self, _: str, slices: Callable[[], list[Dataset]], sentence: str) -> None:
        self.refuse(save_dicom(self.folder, slices()), sentence)

    def test_comma_in_numbers_dcmjs_287(self) -> None:
        for file in save_dicom(self.folder, ct_slices(HU, PixelSpacing=[3.25, 2.25])).iterdir():
            file.write_bytes(file.read_bytes().replace(b"3.25\\2.25", b"3,25\\2,25"))
        self.refuse(self.folder, "expected Pixel Spacing in each slice, but 6 of 6 have none")

    @unittest.skipUnless(sys.platform == "linux", "other systems take names in UTF-8 only")
    def test_path_that_is_not_utf_8_is_refused_where_itk_would_end_the_process(self) -> None:
        folder = os.fsdecode(os.fsencode(self.folder) + b"/latin\xe4")
        save_dicom(Path(folder), ct_slices(HU))
        self.refuse(folder, "expected a path in UTF-8")


if __name__ == "__main__":
    unittest.main()
