# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import monai.transforms
import nibabel as nib
import numpy as np
import torch
from monai.data import MetaTensor

from monai_unet3plus.masks.records import MaskRecords
from monai_unet3plus.transforms import SaveImage, SaveImaged
from monai_unet3plus.utils.errors import InputError


class TestSaveImage(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def mask_of(self, name: str, value: int) -> MetaTensor:
        meta = {"filename_or_obj": str(self.root / "data" / name)}
        return MetaTensor(torch.full((1, 4, 3, 2), value), affine=torch.diag(torch.tensor([-2.0, 2, 5, 1])), meta=meta)

    def test_each_image_has_a_mask_of_its_own_at_the_same_place(self) -> None:
        names = ("sub/case.1.nii.gz", "sub/case.2.nii.gz", "imagesTs/a.nrrd", "patient/series")
        for value, name in enumerate(names):
            SaveImage(self.root / "masks", self.root / "data", postfix="liver")(self.mask_of(name, value))
        for value, name in enumerate(("sub/case.1", "sub/case.2", "a", "patient/series")):
            image = nib.load(self.root / "masks" / f"{name}_liver.nii.gz")
            np.testing.assert_array_equal(np.asarray(image.dataobj), np.full((4, 3, 2), value))
            np.testing.assert_array_equal(image.affine, np.diag([-2, 2, 5, 1]))

    def test_dictionary_form_saves_the_same_and_passes_the_item_on(self) -> None:
        mask, files = self.mask_of("a.nii", 2), [self.root / folder / "a_seg.nii.gz" for folder in ("array", "dict")]
        SaveImage(files[0].parent, self.root / "data")(mask)
        item = SaveImaged("pred", files[1].parent, self.root / "data")({"pred": mask, "other": 1})
        self.assertEqual((item["pred"] is mask, item["other"]), (True, 1))
        np.testing.assert_array_equal(*(nib.load(file).get_fdata() for file in files))

    def test_reason_why_a_file_can_not_be_written_is_passed_on(self) -> None:
        with mock.patch("nibabel.save", side_effect=OSError(28, "No space left")):
            with self.assertRaisesRegex(OSError, "No space left"):
                SaveImage(self.root / "masks", self.root / "data")(self.mask_of("a.nii", 1))

    def test_mask_of_another_image_is_not_replaced(self) -> None:
        save = SaveImage(self.root / "masks", self.root / "other")
        for value in (1, 2):  # of the same image
            save(self.mask_of("x/ct.nii.gz", value))
        with self.assertRaisesRegex(InputError, "y/ct.nii.gz: its mask would replace that of .*x/ct.nii.gz"):
            save(self.mask_of("y/ct.nii.gz", 3))
        np.testing.assert_array_equal(nib.load(self.root / "masks" / "ct_seg.nii.gz").get_fdata(), 2)

    def test_mask_of_another_run_no_longer_counts_as_up_to_date(self) -> None:
        mask = self.mask_of("a.nrrd", 1)
        image = Path(mask.meta["filename_or_obj"])
        image.parent.mkdir()
        image.write_bytes(b"image")
        records, save = MaskRecords(self.root / "masks", image.parent), SaveImage(self.root / "masks", image.parent)
        save(mask)
        records.finish(image)
        self.assertTrue(records.is_done(image))
        save(mask)  # as an evaluation by other weights does
        self.assertFalse(records.is_done(image))

    def test_label_maps_of_no_file_are_numbered(self) -> None:
        save = SaveImage(self.root / "masks", self.root / "data")
        for value in (1, 2):
            mask = self.mask_of("a.nii", value)
            del mask.meta["filename_or_obj"]
            save(mask)
        self.assertEqual(sorted(p.name for p in (self.root / "masks").iterdir()), ["0_seg.nii.gz", "1_seg.nii.gz"])

    def test_programs_that_leave_out_monais_leave_it_out(self) -> None:
        self.assertIsInstance(SaveImaged("pred", self.root, self.root), monai.transforms.SaveImaged)


if __name__ == "__main__":
    unittest.main()
