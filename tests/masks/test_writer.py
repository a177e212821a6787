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
from monai.transforms import SaveImage, SaveImaged
from parameterized import parameterized

from monai_unet3plus.masks.layout import MaskLayout
from monai_unet3plus.masks.writer import LabelMapWriter

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

    def saver(self) -> SaveImage:
        layout = MaskLayout(self.root / "masks", self.root / "data")
        return SaveImage(
            folder_layout=layout, writer=LabelMapWriter, output_dtype=np.uint8, resample=False, print_log=False
        )

    def files(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if path.is_file())


class TestLabelMapWriter(WriterTestCase):
    @parameterized.expand([(SIZE,), ((5, 4, 1),), ((1, 1, 1),), ((1, 4, 3),)])
    def test_file_has_the_masks_voxels_shape_and_type(self, size: tuple[int, ...]) -> None:
        mask = self.mask_of(size)
        self.saver()(mask)
        self.assertEqual(self.files(), ["case.1_seg.nii.gz"])
        image = nib.load(self.target)
        self.assertEqual(image.shape, size)
        self.assertEqual(image.get_data_dtype(), np.uint8)
        np.testing.assert_array_equal(np.asarray(image.dataobj), mask[0].numpy())

    @parameterized.expand([("straight", STRAIGHT), ("pir", PIR)])
    def test_affine_is_written_to_sform_and_qform(self, _: str, affine: np.ndarray) -> None:
        self.saver()(self.mask_of(affine=affine))
        image = nib.load(self.target)
        for matrix, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
            self.assertEqual(code, 1)
            np.testing.assert_allclose(matrix, affine, atol=1e-5)
        np.testing.assert_allclose(image.affine, affine, atol=1e-6)
        self.assertEqual(image.header.get_xyzt_units()[0], "mm")

    def test_sheared_grid_has_an_exact_sform_and_no_qform(self) -> None:
        self.saver()(self.mask_of(affine=SHEARED))
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
        self.saver()(mask)
        saved = nib.load(self.target)
        for form, expected, code in (("sform", STRAIGHT, 4), ("qform", moved, 1)):
            affine, found = getattr(saved, f"get_{form}")(coded=True)
            np.testing.assert_allclose(affine, expected, atol=1e-4)
            self.assertEqual(found, code)

    def test_bundles_transform_writes_the_same(self) -> None:
        mask = self.mask_of()
        layout = MaskLayout(self.root / "masks", self.root / "data")
        writer = "monai_unet3plus.masks.writer.LabelMapWriter"
        saver = SaveImaged(
            "pred", folder_layout=layout, writer=writer, output_dtype=np.uint8, resample=False, print_log=False
        )
        saver({"pred": mask})
        np.testing.assert_array_equal(nib.load(self.target).get_fdata(), mask[0].numpy())

    def test_input_is_left_as_it_was(self) -> None:
        mask = self.mask_of((5, 4, 1))
        before = mask.clone()
        self.saver()(mask)
        self.assertTrue(torch.equal(mask, before))


class TestAtomicWrite(WriterTestCase):
    def fail_while_saving(self, error: BaseException) -> None:
        def save(image: Any, path: Path) -> None:
            Path(path).write_bytes(b"half a file")
            raise error

        writer, mask = LabelMapWriter(output_dtype=np.uint8), self.mask_of()
        writer.set_data_array(mask, channel_dim=0)
        writer.set_metadata(mask.meta, resample=False)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        with mock.patch("nibabel.save", save), self.assertRaises(type(error)):
            writer.write(self.target)

    @parameterized.expand([(OSError("disk full"),), (KeyboardInterrupt(),)])
    def test_failure_leaves_no_file(self, error: BaseException) -> None:
        self.fail_while_saving(error)
        self.assertEqual(self.files(), [])

    @parameterized.expand([(OSError("disk full"),), (KeyboardInterrupt(),)])
    def test_failure_leaves_an_older_file_as_it_was(self, error: BaseException) -> None:
        self.saver()(self.mask_of())
        before = self.target.read_bytes()
        self.fail_while_saving(error)
        self.assertEqual(self.files(), ["case.1_seg.nii.gz"])
        self.assertEqual(self.target.read_bytes(), before)

    def test_file_appears_complete_under_its_name(self) -> None:
        """While nibabel writes, the older file stays, and the unfinished file has a hidden name."""
        self.saver()(self.mask_of())
        before = self.target.read_bytes()
        seen: list[tuple[str, bytes]] = []
        save = nib.save

        def spy(image: Any, path: Path) -> None:
            save(image, path)
            seen.append((Path(path).name, self.target.read_bytes()))

        with mock.patch("nibabel.save", spy):
            self.saver()(self.mask_of(affine=PIR))
        ((name, content),) = seen
        self.assertTrue(name.startswith(".") and name.endswith(".nii.gz"))
        self.assertEqual(content, before)
        np.testing.assert_allclose(nib.load(self.target).affine, PIR, atol=1e-6)


if __name__ == "__main__":
    unittest.main()
