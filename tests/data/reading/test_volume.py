# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK
from parameterized import parameterized

from monai_unet3plus.data.reading.volume import Volume, read_volume
from monai_unet3plus.utils.errors import InputError

SFORM = np.array([[-0.703125, 0, 0, 100], [0, -0.703125, 0, 90], [0, 0, 5, -30], [0, 0, 0, 1.0]])


class TestNifti(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "ct.nii.gz"

    def write(self, sform: np.ndarray, code: int = 1, pixdim: tuple[float, ...] = (0.703125, 0.703125, 5)) -> None:
        image = nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), None)
        image.header["sform_code"], image.header["qform_code"] = code, 0
        for row, field in zip(sform, ("srow_x", "srow_y", "srow_z")):
            image.header[field] = row
        image.header["pixdim"][1:4] = pixdim
        nib.save(image, self.file)

    @parameterized.expand([("exact", (0.703125, 0.703125, 5)), ("rounded", (0.7031, 0.7031, 5)), ("unset", (1, 1, 1))])
    def test_affine_is_the_sform_whatever_the_voxel_sizes_say(self, _: str, pixdim: tuple[float, ...]) -> None:
        self.write(SFORM, pixdim=pixdim)
        np.testing.assert_allclose(read_volume(self.file).affine, SFORM, atol=1e-5)

    @parameterized.expand([("singular", 0.0), ("nan", np.nan)])
    def test_affine_that_is_none_is_refused(self, _: str, value: float) -> None:
        sform = SFORM.copy()
        sform[0, 0] = value
        self.write(sform)
        with self.assertRaisesRegex(InputError, "ct.nii.gz: expected an invertible affine"):
            read_volume(self.file)

    @parameterized.expand([("metres", 1e-3), ("microns", 1e3)])
    def test_voxels_of_no_patients_size_are_refused(self, _: str, factor: float) -> None:
        self.write(SFORM * [[factor], [factor], [factor], [1]])
        with self.assertRaisesRegex(InputError, "ct.nii.gz: expected voxels of 0.01 to 100 mm, but found"):
            read_volume(self.file)

    @parameterized.expand([("shifted", 0.6, True), ("hardly_shifted", 0.4, False)])
    def test_qform_that_disagrees_with_the_sform_is_named(self, _: str, voxels: float, named: bool) -> None:
        image = nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), SFORM)
        qform = SFORM.copy()
        qform[2, 3] += 5 * voxels
        image.set_sform(SFORM, 1)
        image.set_qform(qform, 1)
        nib.save(image, self.file)
        volume = read_volume(self.file)
        expected = [f"{self.file}: sform and qform are up to 0.6 voxels apart; the sform counts"] if named else []
        self.assertEqual(volume.warnings, expected)
        np.testing.assert_allclose(volume.affine, SFORM, atol=1e-5)

    def test_file_without_orientation_is_named(self) -> None:
        self.write(SFORM, code=0)
        self.assertIn("neither sform nor qform", read_volume(self.file).warnings[0])

    @parameterized.expand([("<i2",), (">i2",), ("<u2",), (">f4",)])
    def test_voxels_are_those_of_the_file_in_native_byte_order(self, kind: str) -> None:
        array = np.arange(120).reshape(4, 5, 6).astype(kind)
        nib.save(nib.Nifti1Image(array, SFORM, dtype=array.dtype), self.file)
        found = read_volume(self.file).array
        np.testing.assert_array_equal(found, array)
        self.assertTrue(found.dtype.isnative)

    def test_scaled_voxels_take_no_more_than_float32(self) -> None:
        image = nib.Nifti1Image(np.arange(120, dtype=np.int16).reshape(4, 5, 6), SFORM)
        image.header.set_slope_inter(0.5, -1024)
        nib.save(image, self.file)
        found = read_volume(self.file).array
        np.testing.assert_array_equal(found, np.asarray(nib.load(self.file).dataobj))
        self.assertEqual(found.dtype, np.float32)

    @parameterized.expand([("<f8",), (">f4",), ("<i4",), ("<u2",), (">i8",)])
    def test_whole_numbers_that_fit_take_the_memory_of_int16(self, kind: str) -> None:
        for low, dtype in ((-1024 if kind[1] != "u" else 0, np.int16), (32700, np.dtype(kind).newbyteorder("="))):
            array = (np.arange(120).reshape(4, 5, 6) + low).astype(kind)
            nib.save(nib.Nifti1Image(array, SFORM, dtype=array.dtype), self.file)
            found = read_volume(self.file).array
            np.testing.assert_array_equal(found, array)
            self.assertEqual(found.dtype, dtype)

    @parameterized.expand([(np.nan,), (np.inf,), (-1e30,), (0.5,), (40000.0,)])
    def test_other_numbers_stay_as_they_are(self, odd: float) -> None:
        array = np.zeros((4, 5, 6), np.float32)
        array[2, 3, 4] = odd
        nib.save(nib.Nifti1Image(array, SFORM), self.file)
        found = read_volume(self.file).array
        np.testing.assert_array_equal(found, array)
        self.assertEqual(found.dtype, np.float32)

    def test_voxels_for_a_single_use_are_given_away(self) -> None:
        array = np.zeros((4, 5, 6), np.int16)
        kept, given = (Volume("ct.nii", array, np.eye(4), single_use=single) for single in (False, True))
        for _ in range(2):
            self.assertIs(kept.take(), array)
        self.assertIs(given.take(), array)
        with self.assertRaisesRegex(RuntimeError, "ct.nii: expected to be loaded once"):
            given.take()


class TestUnstatedGrids(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.array = np.arange(120, dtype="<i2").reshape(4, 5, 6)

    def nrrd(self, fields: str) -> Path:
        head = (
            f"NRRD0004\n# comment\ntype: short\ndimension: 3\nsizes: 4 5 6\n{fields}endian: little\nencoding: raw\n\n"
        )
        return self.write("a.nrrd", head)

    def mha(self, fields: str) -> Path:
        head = (
            "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        )
        return self.write("a.mha", f"{head}{fields}DimSize = 4 5 6\nElementType = MET_SHORT\nElementDataFile = LOCAL\n")

    def write(self, name: str, head: str) -> Path:
        (self.folder / name).write_bytes(head.encode() + self.array.tobytes(order="F"))
        return self.folder / name

    @parameterized.expand(
        [
            ("nrrd", "spacings: 3 3 5\n", "no orientation; taken as LPS with voxels of 3 x 3 x 5 mm"),
            ("nrrd", "", "no orientation and no spacing; taken as LPS with voxels of 1 x 1 x 1 mm"),
            ("nrrd", "space dimension: 3\nspace directions: (3,0,0) (0,3,0) (0,0,5)\n", "no orientation"),
            ("mha", "ElementSpacing = 3 3 5\n", "no orientation; taken as LPS with voxels of 3 x 3 x 5 mm"),
            ("mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1\n", "no spacing; taken as LPS with voxels of 1 x 1 x 1 mm"),
            ("mha", "", "no orientation and no spacing"),
        ]
    )
    def test_orientation_and_spacing_that_are_made_up_are_named(self, kind: str, fields: str, sentence: str) -> None:
        path = getattr(self, kind)(fields)
        volume = read_volume(path)
        np.testing.assert_array_equal(volume.array, self.array)
        self.assertEqual(len(volume.warnings), 1)
        self.assertIn(f"{path}: states {sentence}", volume.warnings[0])

    @parameterized.expand(
        [
            ("nrrd", "space: left-posterior-superior\nspace directions: (3,0,0) (0,3,0) (0,0,5)\n"),
            ("nrrd", "space: RAS\nspace directions: (3,0,0) (0,3,0) (0,0,5)\n"),
            ("mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1\nElementSpacing = 3 3 5\n"),
        ]
    )
    def test_grids_that_are_stated_give_no_warning(self, kind: str, fields: str) -> None:
        volume = read_volume(getattr(self, kind)(fields))
        self.assertEqual((volume.warnings, volume.unstated), ([], []))
        np.testing.assert_allclose(np.linalg.norm(volume.affine[:3, :3], axis=0), [3, 3, 5])

    @parameterized.expand([(".nrrd",), (".mha",)])
    def test_files_that_itk_writes_state_their_grid(self, suffix: str) -> None:
        path = self.folder / f"a{suffix}"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(self.array), str(path))
        self.assertEqual(read_volume(path).unstated, [])


if __name__ == "__main__":
    unittest.main()
