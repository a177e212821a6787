# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import logging
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np

from monai_unet3plus.experiments import self_training
from tests.bundle.workflows import BUNDLE
from tests.data_sets import write_boxes
from tests.processes import run_python

SMALLER = ["features=[4, 8, 16, 32, 64]", "slabs_per_epoch=2", "batch_size=2", "crop_size=[161, 161]", "device=cpu"]


class TestRecipe(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        patch = mock.patch("subprocess.run", run_python)
        patch.start()
        self.addCleanup(patch.stop)
        write_boxes(self.root / "boxes", cases=4, test_cases=0)
        images, labels = self.root / "boxes" / "imagesTr", self.root / "boxes" / "labelsTr"
        for number in (0, 1):
            case = self.root / "labelled" / f"case_{number}"
            case.mkdir(parents=True)
            shutil.copy(images / f"box_{number}.nii.gz", case / "image.nii.gz")
            shutil.copy(labels / f"box_{number}.nii.gz", case / "label.nii.gz")
        (self.root / "negative").mkdir()
        shutil.copy(images / "box_2.nii.gz", self.root / "negative")
        self.unlabelled = images / "box_3.nii.gz"

    def run_recipe(self, *arguments: str) -> str:
        folders = ["--labelled", str(self.root / "labelled"), "--bundle_root", str(BUNDLE)]
        folders += ["--work_dir", str(self.root / "work")]
        with (
            mock.patch.object(sys, "argv", ["recipe", *folders, *arguments]),
            self.assertLogs("monai_unet3plus", logging.INFO) as log,
        ):
            self_training.main()
        return "\n".join(log.output)

    def test_trains_in_rounds_and_evaluates_and_does_nothing_twice(self) -> None:
        arguments = ["--negative", str(self.root / "negative"), "--unlabelled", str(self.unlabelled)]
        arguments += ["--leave_out", "case_0", "--overrides", *SMALLER]
        first = self.run_recipe("--epochs", "1", "1", *arguments)
        work = self.root / "work"
        self.assertIn(f"weights: {work / 'round_2' / 'models' / 'model_last.pt'}", first)
        listed = (work / "round_2" / "datalist.json").read_text()
        self.assertNotIn("case_0", listed)
        for name in ("case_1", "negative", "organ_free", "self_labelled"):
            self.assertIn(name, listed)
        self.assertEqual(np.asarray(nib.load(work / "organ_free" / "box_2.nii.gz").dataobj).max(), 0)
        label = nib.load(work / "round_2" / "self_labelled" / "box_3_seg.nii.gz")
        np.testing.assert_allclose(label.affine, nib.load(self.unlabelled).affine)
        with (work / "evaluation" / "cases.csv").open() as file:
            self.assertEqual({row["organ"] for row in csv.DictReader(file)}, {"liver", "spleen"})
        again = self.run_recipe("--epochs", "1", "1", *arguments)
        self.assertNotIn("synthesis.json'] --bundle_root", again)
        label = work / "round_2" / "self_labelled" / "box_3_seg.nii.gz"
        made = label.stat().st_mtime_ns
        third = self.run_recipe("--epochs", "1", "1", "1", *arguments, "bfloat16=True")
        self.assertEqual(label.stat().st_mtime_ns, made)
        self.assertEqual(third.count("synthesis.json'] --bundle_root"), 1)
        self.assertIn(f"--finetune_from {work / 'round_2' / 'models' / 'model_last.pt'}", third)

    def test_bright_parts_and_smaller_pieces_are_left_out_of_self_made_labels(self) -> None:
        image, label = np.full((20, 20, 6), 100.0), np.zeros((20, 20, 6), np.uint8)
        label[2:12, 2:12] = 1
        image[9:, :] = 220  # a kidney, of which the label has three columns
        image[4:7, 4:7, 2:5] = 160  # a vessel
        label[2:4, 14:16], label[16:19, 2:19] = 1, 2  # apart from the liver; an organ as bright as the kidney
        found = self_training.remove_bright_parts(nib.Nifti1Image(image, np.eye(4)), nib.Nifti1Image(label, np.eye(4)))
        expected = np.zeros_like(label)
        expected[2:9, 2:12], expected[16:19, 2:19] = 1, 2
        np.testing.assert_array_equal(np.asarray(found.dataobj), expected)

    def test_rounds_of_self_training_need_unlabelled_cases(self) -> None:
        with self.assertRaises(SystemExit), mock.patch("sys.stderr") as stderr:
            self.run_recipe("--epochs", "1", "1")
        self.assertIn("--unlabelled", str(stderr.write.call_args_list))

    def test_unknown_case_is_named(self) -> None:
        with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
            self.run_recipe("--leave_out", "case_9")


if __name__ == "__main__":
    unittest.main()
