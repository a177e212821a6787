# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from monai_unet3plus.experiments import demo
from tests.bundle.workflows import BUNDLE
from tests.processes import run_python

SMALLER = {"epochs": "1", "crop_size": "[161, 161]", "features": "[4, 8, 16, 32, 64]"}
PHANTOMS = ["--cases", "2", "--test_cases", "1", "--seed", "1", "--pixel_size", "4", "4", "--slice_thickness", "9", "9"]


class TestDemo(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch("subprocess.run", run_python)
        patch.start()
        self.addCleanup(patch.stop)

    def run_demo(self, work: Path) -> str:
        arguments = ["demo", "--bundle_root", str(BUNDLE), "--work_dir", str(work)]
        inference = {**demo.INFERENCE, "features": SMALLER["features"]}
        with (
            mock.patch("sys.argv", arguments),
            mock.patch.object(demo, "PHANTOMS", PHANTOMS),
            mock.patch.object(demo, "TRAINING", {**demo.TRAINING, **SMALLER}),
            mock.patch.object(demo, "INFERENCE", inference),
            self.assertLogs("monai_unet3plus", logging.INFO) as log,
        ):
            demo.main()
        return "\n".join(log.output)

    def test_first_run_does_everything_and_the_second_only_inference(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            first = self.run_demo(work)
            for step in ("monai_unet3plus.phantom", "train.json", "inference.json", "mean liver Dice"):
                self.assertIn(step, first)
            for name in ("phantom_002_seg.nii.gz", "phantom_002.png"):
                self.assertTrue((work / "masks" / name).is_file(), name)
                self.assertIn(str(work / "masks" / name), first)
            second = self.run_demo(work)
            self.assertNotIn("monai_unet3plus.phantom", second)
            self.assertNotIn("train.json", second)
            self.assertEqual(first.splitlines()[-1], second.splitlines()[-1])

    def test_failed_step_ends_the_demo_with_its_status(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(SystemExit) as end:
            with mock.patch("subprocess.run", return_value=mock.Mock(returncode=7)):
                self.run_demo(Path(folder))
        self.assertEqual(end.exception.code, 7)

    def test_wrong_bundle_is_named(self) -> None:
        with (
            mock.patch("sys.argv", ["demo", "--bundle_root", "/nowhere"]),
            contextlib.redirect_stderr(io.StringIO()) as errors,
            self.assertRaises(SystemExit) as end,
        ):
            demo.main()
        self.assertEqual(end.exception.code, 2)
        self.assertIn("--bundle_root: expected the folder of the bundle, but /nowhere", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
