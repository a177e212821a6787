# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""NIfTI, NRRD and MetaImage of the kinds that users of other readers have reported, by repository and number."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.data.reading.file_checks import check_file
from monai_unet3plus.masks.writer import write_label_map
from monai_unet3plus.utils.errors import InputError

HU = np.random.default_rng(0).integers(-1000, 1000, (6, 5, 4)).astype(np.int16)
AFFINE = np.array([[-0.7, 0, 0, 100], [0, -0.7, 0, 90], [0, 0, 5, -30], [0, 0, 0, 1.0]])
LPS = np.diag([-1.0, -1, 1, 1])  # to and from RAS
TURNED = np.eye(4)
TURNED[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]

Header = Callable[[Any], object]


def fields(**values: Any) -> Header:
    """A change of a NIfTI header."""

    def change(header: Any) -> None:
        for name, value in values.items():
            header[name] = value

    return change


def qform_alone(**values: Any) -> Header:
    def change(header: Any) -> None:
        header.set_qform(AFFINE, 1)
        header["sform_code"] = 0
        fields(**values)(header)

    return change


def pixdim(place: int, value: float) -> Header:
    def change(header: Any) -> None:
        qform_alone()(header)
        header["pixdim"][place] = value

    return change


def in_units(factor: float) -> np.ndarray:
    """The affine in a unit of so many mm."""
    return np.diag([1 / factor, 1 / factor, 1 / factor, 1]) @ AFFINE


def directions(affine: np.ndarray) -> str:
    columns = " ".join(f"({','.join(map(str, column))})" for column in affine[:3, :3].T)
    return f"space directions: {columns}\nspace origin: ({','.join(map(str, affine[:3, 3]))})\n"


def stated(affine: np.ndarray) -> str:
    """The grid of a MetaImage."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    numbers = {
        "TransformMatrix": (affine[:3, :3] / spacing).T.ravel(),
        "Offset": affine[:3, 3],
        "ElementSpacing": spacing,
    }
    return "".join(f"{name} = {' '.join(map(str, values))}\n" for name, values in numbers.items())


class ReportedCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def nifti(self, change: Header, affine: np.ndarray = AFFINE, array: np.ndarray = HU) -> Path:
        path = self.folder / "ct.nii"
        nib.save(nib.Nifti1Image(array, affine), path)
        raw = path.read_bytes()
        header = nib.Nifti1Header(raw[:348], check=False)
        change(header)
        path.write_bytes(header.binaryblock + raw[348:])
        return path

    def nrrd(self, grid: str, name: str = "ct.nrrd") -> Path:
        path = self.folder / name
        head = f"NRRD0005\ntype: short\ndimension: 3\nsizes: 6 5 4\nendian: little\nencoding: raw\n{grid}\n"
        path.write_bytes(head.encode() + HU.tobytes(order="F"))
        return path

    def meta_image(self, grid: str, data: str = "LOCAL", before: bytes = b"") -> Path:
        path = self.folder / ("ct.mha" if data == "LOCAL" else "ct.mhd")
        head = f"ObjectType = Image\nNDims = 3\nBinaryData = True\n{grid}DimSize = 6 5 4\nElementType = MET_SHORT\n"
        voxels = before + HU.tobytes(order="F")
        path.write_bytes(f"{head}ElementDataFile = {data}\n".encode() + (voxels if data == "LOCAL" else b""))
        if data != "LOCAL":
            (self.folder / data).write_bytes(voxels)
        return path

    def check(self, path: Path | str, affine: np.ndarray = AFFINE, hu: np.ndarray = HU) -> list[str]:
        volume = check_file(str(path), 2**20, keep=True)
        assert volume is not None
        np.testing.assert_allclose(volume.array.reshape(hu.shape), hu)
        np.testing.assert_allclose(volume.affine, affine, atol=1e-4)
        return volume.warnings

    def refuse(self, path: Path | str, sentence: str) -> None:
        with self.assertRaisesRegex(InputError, sentence):
            check_file(str(path), 2**20, keep=True)


class TestNifti(ReportedCase):
    @parameterized.expand(
        [
            ("slope 0, NIfTI.jl#14", fields(scl_slope=0, scl_inter=-1024), ""),
            ("slope NaN, fmriprep#2507", fields(scl_slope=np.nan, scl_inter=np.nan), ""),
            (
                "qform too long beside an sform, fmriprep#845",
                fields(qform_code=1, quatern_d=1.1),
                "qform is not usable",
            ),
            ("negative voxel size, ITK#1484", pixdim(2, -0.7), ""),
            ("voxel sizes unlike the sform's, nifti_clib#127", fields(pixdim=[1, 3, 3, 3, 1, 1, 1, 1]), ""),
            ("voxels in mm that claim to be in metres", fields(xyzt_units=1), "states a unit of 1000 mm"),
        ]
    )
    def test_read_right(self, _: str, change: Header, warning: str) -> None:
        warnings = self.check(self.nifti(change))
        self.assertEqual(len(warnings), bool(warning), warnings)
        self.assertIn(warning, "".join(warnings))

    @parameterized.expand([("micrometres, ITK#4595", 3, 1e-3), ("metres", 1, 1e3), ("millimetres", 2, 1)])
    def test_units_count(self, _: str, code: int, factor: float) -> None:
        self.assertEqual(self.check(self.nifti(fields(xyzt_units=code), in_units(factor))), [])

    def test_directions_that_are_rounded_simpleitk_1433(self) -> None:
        affine = TURNED.round(2) @ AFFINE
        self.check(self.nifti(fields(), affine), affine)

    def test_one_frame_in_four_dimensions_nibabel_299(self) -> None:
        self.check(self.nifti(fields(), array=HU[..., None]))

    @parameterized.expand(
        [
            ("voxels within the header, brainchop-cli#34", fields(vox_offset=0), "voxels from byte 352 on.*says 0"),
            ("voxel size 0", pixdim(3, 0), r"expected voxel sizes \(pixdim\), but found 0.7 x 0.7 x 0"),
            ("qform too long, spinalcordtoolbox#3703", qform_alone(quatern_d=1.1), "its header is damaged"),
            ("sform of zeros, nibabel#182", fields(srow_x=0, srow_y=0, srow_z=0), "expected an invertible affine"),
            ("no intercept", fields(scl_slope=1, scl_inter=np.nan), "its header is damaged"),
        ]
    )
    def test_refused(self, _: str, change: Header, sentence: str) -> None:
        self.refuse(self.nifti(change), sentence)


class TestNrrd(ReportedCase):
    @parameterized.expand(
        [
            ("LPS, MONAI#3356", "left-posterior-superior", LPS),
            ("RAS", "right-anterior-superior", np.eye(4)),
            ("LAS, Slicer#8694", "left-anterior-superior", np.diag([-1.0, 1, 1, 1])),
        ]
    )
    def test_spaces(self, _: str, space: str, from_ras: np.ndarray) -> None:
        affine = TURNED @ AFFINE  # not diagonal, MONAI#7371
        self.check(self.nrrd(f"space: {space}\n{directions(from_ras @ affine)}"), affine)

    @parameterized.expand(
        [("um, ANTsPy#514", "microns", 1e-3), ("um, Slicer#7631", "um", 1e-3), ("cm", "cm", 10.0), ("mm", "mm", 1.0)]
    )
    def test_units_count(self, _: str, unit: str, factor: float) -> None:
        units = " ".join(['"' + unit + '"'] * 3)
        grid = f"space: right-anterior-superior\nspace units: {units}\n{directions(in_units(factor))}"
        self.assertEqual(self.check(self.nrrd(grid)), [])

    @unittest.skipUnless(sys.platform == "linux", "other systems take names in UTF-8 only")
    def test_path_that_is_not_utf_8_is_refused_where_itk_would_end_the_process(self) -> None:
        path = self.nrrd(f"space: left-posterior-superior\n{directions(LPS @ AFFINE)}")
        name = os.fsdecode(os.fsencode(path.parent) + b"/latin\xe4.nrrd")
        path.rename(name)
        self.refuse(name, "expected a path in UTF-8")


class TestMetaImage(ReportedCase):
    @parameterized.expand(
        [
            ("turned, open_iA#7", "", TURNED @ AFFINE),
            ("unknown orientation, Gate#359", "AnatomicalOrientation = ???\n", AFFINE),
            ("centre of rotation", "CenterOfRotation = 1 2 3\n", AFFINE),
        ]
    )
    def test_read_right(self, _: str, more: str, affine: np.ndarray) -> None:
        self.assertEqual(self.check(self.meta_image(stated(LPS @ affine) + more), affine), [])

    def test_units_count(self) -> None:
        self.assertEqual(self.check(self.meta_image(stated(LPS @ in_units(10)) + "DistanceUnits = cm\n")), [])

    @parameterized.expand([("-1",), ("7",)])
    def test_voxels_that_begin_later_deepali_148(self, size: str) -> None:
        grid = f"{stated(LPS @ AFFINE)}HeaderSize = {size}\n"
        self.check(self.meta_image(grid, "voxels.raw", before=bytes(7)))

    def test_voxels_that_begin_later_without_a_word_are_refused(self) -> None:
        path = self.meta_image(stated(LPS @ AFFINE), "voxels.raw", before=bytes(8))
        self.refuse(path, "expected 240 bytes of voxels in voxels.raw.*found 248")

    @unittest.skipIf(sys.getfilesystemencoding() == "ascii", "the locale has no such letters in names of files")
    def test_file_of_voxels_in_other_letters_simpleitk_454(self) -> None:
        self.check(self.meta_image(stated(LPS @ AFFINE), "Schädel 肝.raw"))

    def test_rescaling_that_itk_leaves_out_is_refused(self) -> None:
        grid = f"{stated(LPS @ AFFINE)}ElementToIntensityFunctionOffset = -1024\n"
        self.refuse(self.meta_image(grid), "multiplied by 1 and -1024 to be added")


class TestMask(ReportedCase):
    def test_itk_opens_masks_on_directions_that_are_rounded_total_segmentator_461(self) -> None:
        affine = AFFINE @ TURNED.round(4)
        affine[0, 1] += 3e-4
        mask = MetaTensor(torch.ones(1, 6, 5, 4), affine=torch.from_numpy(affine))
        write_label_map(mask, self.folder / "mask.nii.gz")
        np.testing.assert_allclose(nib.load(self.folder / "mask.nii.gz").affine, affine, atol=1e-4)
        read = SimpleITK.ReadImage(str(self.folder / "mask.nii.gz"))
        for corner in ((0, 0, 0), (5, 4, 3)):
            place = np.array(read.TransformIndexToPhysicalPoint(corner)) * [-1, -1, 1]
            np.testing.assert_allclose(place, (affine @ [*corner, 1])[:3], atol=0.1)


if __name__ == "__main__":
    unittest.main()
