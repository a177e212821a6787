# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.masks.writer import write_label_map

SIZE = (5, 4, 3)
STRAIGHT = np.array([[-0.7, 0, 0, 10.5], [0, 0.7, 0, -20.25], [0, 0, 5.0, 30], [0, 0, 0, 1]])
PIR = np.array([[0, 0, 0.8, 3], [-0.7, 0, 0, 4], [0, -5.0, 0, 5], [0, 0, 0, 1]])
SHEARED = STRAIGHT.copy()
SHEARED[1, 2] = 1.5  # a tilted gantry


class WriterTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.target = self.root / "masks" / "sub" / "case.1_seg.nii.gz"

    def mask_of(self, size: tuple[int, ...] = SIZE, affine: np.ndarray = STRAIGHT) -> MetaTensor:
        values = np.random.RandomState(0).randint(0, 3, (1, *size)).astype(np.float32)
        path = str(self.root / "data" / "sub" / "case.1.nii.gz")
        return MetaTensor(values, affine=torch.as_tensor(affine), meta={"filename_or_obj": path})

    def files(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if path.is_file())


class TestWriteLabelMap(WriterTestCase):
    @parameterized.expand([(SIZE,), ((5, 4, 1),), ((1, 1, 1),), ((1, 4, 3),)])
    def test_file_has_the_masks_voxels_shape_and_type(self, size: tuple[int, ...]) -> None:
        mask = self.mask_of(size)
        write_label_map(mask, self.target)
        self.assertEqual(self.files(), ["case.1_seg.nii.gz"])
        image = nib.load(self.target)
        self.assertEqual(image.shape, size)
        self.assertEqual(image.get_data_dtype(), np.uint8)
        np.testing.assert_array_equal(np.asarray(image.dataobj), mask[0].numpy())

    @parameterized.expand([(0.7,), (256.0,), (-1.0,), (float("nan"),)])
    def test_values_that_are_no_labels_are_refused(self, value: float) -> None:
        mask = self.mask_of()
        mask[0, 1, 2, 1] = value
        with self.assertRaisesRegex(ValueError, "whole numbers from 0 to 255"):
            write_label_map(mask, self.target)
        self.assertEqual(self.files(), [])

    def test_masks_of_several_organs_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, r"shape \(1, H, W, D\), but got \(2, 5, 4, 3\)"):
            write_label_map(torch.cat([self.mask_of(), self.mask_of()]), self.target)

    @parameterized.expand([("straight", STRAIGHT), ("pir", PIR)])
    def test_affine_is_written_to_sform_and_qform(self, _: str, affine: np.ndarray) -> None:
        write_label_map(self.mask_of(affine=affine), self.target)
        image = nib.load(self.target)
        for matrix, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
            self.assertEqual(code, 1)
            np.testing.assert_allclose(matrix, affine, atol=1e-5)
        np.testing.assert_allclose(image.affine, affine, atol=1e-6)
        self.assertEqual(image.header.get_xyzt_units()[0], "mm")

    def test_sheared_grid_has_an_exact_sform_and_no_qform(self) -> None:
        write_label_map(self.mask_of(affine=SHEARED), self.target)
        image = nib.load(self.target)
        sform, code = image.get_sform(coded=True)
        self.assertEqual(code, 1)
        np.testing.assert_array_equal(sform, SHEARED.astype(np.float32))  # NIfTI's precision
        self.assertEqual(int(image.header["qform_code"]), 0)

    def test_mask_of_a_nifti_file_has_its_sform_and_qform_even_if_they_differ(self) -> None:
        moved = STRAIGHT.copy()
        moved[:3, 3] += [30, -20, 0]
        source = nib.Nifti1Image(np.zeros(SIZE, np.int16), STRAIGHT)
        source.set_sform(STRAIGHT, 4)
        source.set_qform(moved, 1)
        mask = self.mask_of()
        Path(mask.meta["filename_or_obj"]).parent.mkdir(parents=True)
        nib.save(source, mask.meta["filename_or_obj"])
        write_label_map(mask, self.target)
        saved = nib.load(self.target)
        for form, expected, code in (("sform", STRAIGHT, 4), ("qform", moved, 1)):
            affine, found = getattr(saved, f"get_{form}")(coded=True)
            np.testing.assert_allclose(affine, expected, atol=1e-4)
            self.assertEqual(found, code)

    def test_input_is_left_as_it_was(self) -> None:
        mask = self.mask_of((5, 4, 1))
        before = mask.clone()
        write_label_map(mask, self.target)
        self.assertTrue(torch.equal(mask, before))


class TestAtomicWrite(WriterTestCase):
    def fail_while_saving(self, error: BaseException) -> None:
        def save(image: Any, path: Path) -> None:
            Path(path).write_bytes(b"half a file")
            raise error

        with mock.patch("nibabel.save", save), self.assertRaises(type(error)):
            write_label_map(self.mask_of(), self.target)

    @parameterized.expand([(OSError("disk full"),), (KeyboardInterrupt(),)])
    def test_failure_leaves_no_file(self, error: BaseException) -> None:
        self.fail_while_saving(error)
        self.assertEqual(self.files(), [])

    @parameterized.expand([(OSError("disk full"),), (KeyboardInterrupt(),)])
    def test_failure_leaves_an_older_file_as_it_was(self, error: BaseException) -> None:
        write_label_map(self.mask_of(), self.target)
        before = self.target.read_bytes()
        self.fail_while_saving(error)
        self.assertEqual(self.files(), ["case.1_seg.nii.gz"])
        self.assertEqual(self.target.read_bytes(), before)

    def test_file_appears_complete_under_its_name(self) -> None:
        """While nibabel writes, the older file stays, and the unfinished file has a hidden name."""
        write_label_map(self.mask_of(), self.target)
        before = self.target.read_bytes()
        seen: list[tuple[str, bytes]] = []
        save = nib.save

        def spy(image: Any, path: Path) -> None:
            save(image, path)
            seen.append((Path(path).name, self.target.read_bytes()))

        with mock.patch("nibabel.save", spy):
            write_label_map(self.mask_of(affine=PIR), self.target)
        ((name, content),) = seen
        self.assertTrue(name.startswith(".") and name.endswith(".nii.gz"))
        self.assertEqual(content, before)
        np.testing.assert_allclose(nib.load(self.target).affine, PIR, atol=1e-6)


if __name__ == "__main__":
    unittest.main()
