# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""segment, train and evaluate, each run with a narrow network on boxes."""

from __future__ import annotations

import io
import json
import logging
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from monai_unet3plus.cli import main
from tests.broken_files import write_ct
from tests.bundle.workflows import NARROW, write_checkpoint
from tests.data_sets import write_boxes, write_dicom_series

SMALLER = [f"--set={name}={NARROW[name]}" for name in ("features", "pixel_size", "roi_size")]
SMALLER += ["--device", "cpu"]
TRAINING = ["--set=num_samples=1", "--set=crop_size=[161, 161]", "--set=val_interval=1", "--epochs", "1"]


class TestCommands(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        write_boxes(self.work / "data")
        self.ct = self.work / "data" / "imagesTs" / "box_3.nii.gz"
        root = logging.getLogger()  # which the bundle's logging.conf sets up anew
        self.addCleanup(root.setLevel, root.level)
        self.addCleanup(setattr, root, "handlers", root.handlers)
        root.handlers = []  # as in a process of the command

    def call(self, *arguments: Any) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main([str(argument) for argument in arguments])
            except SystemExit as end:
                return int(end.code or 0), out.getvalue(), err.getvalue()
        return 0, out.getvalue(), err.getvalue()

    def segment(self, ct: Path, *options: Any, organs: int = 1) -> tuple[int, str, str]:
        weights = write_checkpoint(self.work, organs)
        default = ["--checkpoint", weights, "--set=report_pictures=False", "--set=inferer#progress=False"]
        default += SMALLER
        return self.call("segment", ct, self.work / "masks", *default, *options)

    def test_segment_prints_volumes_that_are_those_of_the_mask(self) -> None:
        status, out, err = self.segment(self.ct, "--organs", "liver", "--json")
        self.assertEqual(status, 0, err)
        case = json.loads(out)[str(self.ct)]
        mask = nib.load(case["mask"])
        voxel_ml = np.prod(mask.header.get_zooms()) / 1000
        volume = np.count_nonzero(np.asarray(mask.dataobj) == 1) * voxel_ml
        self.assertEqual(mask.shape, nib.load(self.ct).shape)
        self.assertGreater(volume, 0)
        self.assertAlmostEqual(case["volume_ml"]["liver"], volume, delta=0.01)
        self.assertEqual((case["status"], list(case["volume_ml"])), ("segmented", ["liver"]))
        self.assertIn("1 of 1 cases segmented", err)
        again, out, _ = self.segment(self.ct, "--organs", "liver", "--json")
        self.assertEqual(json.loads(out)[str(self.ct)], {**case, "status": "unchanged"})

    def test_segment_names_the_case_that_failed_and_ends_with_the_status_of_the_bundle(self) -> None:
        (self.ct.parent / "bad.nii.gz").write_bytes(b"no CT")
        status, out, _ = self.segment(self.ct.parent, "--organs", "liver", "--json")
        cases = {Path(name).name: case for name, case in json.loads(out).items()}
        self.assertEqual(status, 3)
        self.assertEqual((cases["box_3.nii.gz"]["status"], cases["bad.nii.gz"]["status"]), ("segmented", "failed"))
        self.assertIn("bad.nii.gz", cases["bad.nii.gz"]["reason"])

    def test_segment_takes_a_dicom_file_and_logs_to_stdout(self) -> None:
        write_dicom_series(self.ct, self.work / "series")
        file = self.work / "series" / "series1_002"
        status, out, _ = self.segment(file, "--organs", "liver,spleen", organs=2)
        self.assertEqual(status, 0, out)
        self.assertIn("1 of 1 cases segmented", out)
        self.assertTrue((self.work / "masks" / "series_seg.nii.gz").is_file())

    def test_segment_without_a_case_has_status_1_and_says_why(self) -> None:
        (self.work / "empty").mkdir()
        status, out, err = self.segment(self.work / "empty", "--organs", "liver", "--json")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err.count("expected volumes"), 1, err)

    def test_segment_takes_one_shard(self) -> None:
        for number in range(2):
            write_ct(self.work / "cts" / f"case_{number}.nii.gz", (36, 34, 2 + number))
        status, out, err = self.segment(self.work / "cts", "--organs", "liver", "--json", "--shard", "1/2")
        self.assertEqual((status, [Path(name).name for name in json.loads(out)]), (0, ["case_1.nii.gz"]), err)
        status, out, err = self.segment(self.work / "cts", "--organs", "liver", "--json", "--shard", "3/2")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err.count("shard: expected"), 1, err)

    def test_checkpoint_that_is_not_there_is_said(self) -> None:
        status, out, err = self.segment(self.ct, "--checkpoint", self.work / "none.pt", "--json")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("none.pt does not exist", err)

    def test_variable_that_no_config_has_is_an_error(self) -> None:
        status, _, error = self.segment(self.ct, "--set=roisize=[32, 32]")
        self.assertEqual(status, 1)
        self.assertIn("set: expected variables of inference.json, but found ['roisize'].", error)

    def test_train_then_evaluate_and_segment_with_the_organs_of_the_weights(self) -> None:
        trained, evaluated = self.work / "trained", self.work / "evaluated"
        options = ["--set=validate#inferer#progress=False", *SMALLER]
        status, out, err = self.call("train", self.work / "data", trained, "--organs", "box=1+2", *TRAINING, *options)
        self.assertEqual(status, 0, out + err)
        weights = trained / "models" / "model.pt"
        status, out, err = self.call(
            "evaluate", self.work / "data", evaluated, "--checkpoint", weights, "--organs", "box=1+2", *options
        )
        self.assertEqual(status, 0, out + err)
        self.assertIn("box", json.loads((evaluated / "summary.json").read_text())["organs"])
        status, out, err = self.segment(self.ct, "--checkpoint", weights, "--json")
        self.assertEqual(status, 0, err)
        self.assertEqual(list(json.loads(out)[str(self.ct)]["volume_ml"]), ["box"])


if __name__ == "__main__":
    unittest.main()
