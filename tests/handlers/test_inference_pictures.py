# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
from monai.data import DataLoader
from monai.transforms import Compose, EnsureChannelFirstd, Flipd, LoadImaged
from parameterized import parameterized

from monai_unet3plus.engines import CaseDataset, CaseEvaluator
from monai_unet3plus.handlers import InferencePictures
from monai_unet3plus.masks.records import MaskRecords
from monai_unet3plus.transforms import SaveImaged

SAVE = "monai_unet3plus.handlers.inference_pictures.save_planes"


class TestInferencePictures(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.volume = np.zeros((12, 10, 6), np.float32)
        self.volume[1:4, 2:9, 1:3] = 1
        self.affine = np.array([[-2.0, 0, 0, 30], [0, -3.0, 0, 40], [0, 0, 5.0, -50], [0, 0, 0, 1]])
        (self.root / "data").mkdir()
        nib.save(nib.Nifti1Image(self.volume, self.affine), self.root / "data" / "ct.nii.gz")

    def run_over(self, image: Any, save: Any = None, **kwargs: Any) -> CaseEvaluator:
        """A run whose mask is the image itself; in its output the image lies the other way round."""
        load = Compose([LoadImaged("image"), EnsureChannelFirstd("image")])
        dataset = CaseDataset([{"image": image}], load if isinstance(image, str) else None)
        saver = SaveImaged("pred", self.root / "masks", self.root / "data")
        saver.saver = save
        evaluator = CaseEvaluator(
            device=torch.device("cpu"),
            val_data_loader=DataLoader(dataset, batch_size=1),
            network=torch.nn.Identity(),
            postprocessing=Compose([Flipd("image", 2), *([saver] if save else [])]),
            val_handlers=[InferencePictures(["liver"], (-200, 250))],
            records=MaskRecords(self.root / "masks", self.root / "data"),
            **kwargs,
        )
        evaluator.run()
        return evaluator

    def test_picture_lies_where_the_mask_does(self) -> None:
        self.run_over(str(self.root / "data" / "ct.nii.gz"))
        self.assertTrue((self.root / "masks" / "ct_seg.webp").is_file())

    @parameterized.expand([("at_once", False), ("in_the_background", True)])
    def test_picture_is_written_after_its_mask_and_before_the_record(self, _: str, in_background: bool) -> None:
        written: list[str] = []

        def save(img: Any, meta_data: Any) -> None:
            written.append("ct_seg.nii.gz")

        with mock.patch("os.replace", lambda source, target: written.append(Path(target).name)):
            self.run_over(str(self.root / "data" / "ct.nii.gz"), save, write_in_background=in_background)
        self.assertEqual(written, ["ct_seg.nii.gz", "ct_seg.webp", "ct_seg.json"])

    def test_there_is_no_picture_of_a_mask_that_can_not_be_saved(self) -> None:
        def save(img: Any, meta_data: Any) -> None:
            raise OSError("disk full")

        self.run_over(str(self.root / "data" / "ct.nii.gz"), save)
        self.assertEqual(list((self.root / "masks").glob("ct*")), [])

    def test_image_and_mask_are_seen_from_the_same_side(self) -> None:
        with mock.patch(SAVE) as save:
            self.run_over(str(self.root / "data" / "ct.nii.gz"))
        image, mask, organs, affine, path = save.call_args.args
        expected = self.volume[::-1, ::-1]  # stored towards left and back
        np.testing.assert_array_equal(image, expected)
        np.testing.assert_array_equal(mask, expected)
        np.testing.assert_allclose(affine @ (0, 0, 0, 1), self.affine @ (11, 9, 0, 1))
        self.assertEqual((organs, path.name), (["liver"], "ct_seg.webp"))
        self.assertEqual(save.call_args.kwargs["note"], "window -200 to 250 HU")

    def test_failure_is_a_remark_and_the_mask_stays(self) -> None:
        with mock.patch(SAVE, side_effect=ValueError("too thin")), self.assertLogs(level=logging.WARNING):
            evaluator = self.run_over(str(self.root / "data" / "ct.nii.gz"))
        (result,) = evaluator.results
        self.assertEqual(result.status, "segmented")
        self.assertIn("no picture was drawn: ValueError: too thin", result.remarks[0])

    def test_case_that_is_not_in_a_file_has_none(self) -> None:
        evaluator = self.run_over(torch.zeros(1, 4, 4, 4))
        self.assertEqual(evaluator.results[0].status, "segmented")
        self.assertEqual(list((self.root / "masks").glob("*.webp")), [])


if __name__ == "__main__":
    unittest.main()
