# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Bad cases of every kind among good ones, through the bundle's inference."""

from __future__ import annotations

import json
import logging
import re
import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np

from tests.broken_files import BROKEN, write_ct
from tests.bundle.workflows import inference, run


class TestReliability(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data, self.masks = self.work / "data", self.work / "masks"

    def report(self) -> dict:
        return json.loads((self.masks / "report.json").read_text())

    def test_fifty_cases_of_which_some_are_broken(self) -> None:
        good = 50 - len(BROKEN)
        for number in range(good):
            shape = (16 + number % 7, 17 + number % 5, 1 + number % 4)
            affine = np.diag([(-1) ** number * 1.5, 1.5, 4, 1])
            write_ct(self.data / f"good_{number:02d}.nii.gz", shape, affine, number)
        for name, (write, _) in BROKEN.items():
            write(self.data / f"{name}.nii.gz")

        with self.assertLogs(level=logging.INFO) as log, self.assertRaises(SystemExit) as end:
            run(inference(self.data, self.masks))
        self.assertEqual(end.exception.code, 3)
        masks = sorted(self.masks.rglob("*.nii.gz"))
        self.assertEqual(len(masks), good)
        for path in masks:
            mask, image = nib.load(path), nib.load(self.data / path.name.replace("_seg", ""))
            self.assertEqual(mask.shape, image.shape)
            np.testing.assert_array_equal(mask.affine, image.affine)

        entries = {case["image"]: case for case in self.report()["cases"]}
        self.assertEqual(self.report()["counts"], {"segmented": good, "failed": len(BROKEN), "not_tried": 0})
        table = log.output[-1 - len(BROKEN) : -1]
        for (name, (_, reason)), line in zip(sorted(BROKEN.items()), table):
            case = f"{name}.nii.gz"
            self.assertRegex(entries[case]["reason"], reason)
            self.assertNotIn("\n", entries[case]["reason"])
            self.assertRegex(line, f"failed: {re.escape(str(self.data / case))} .*{reason}")
        self.assertIn(f"{good} of 50 cases segmented, {len(BROKEN)} failed", log.output[-1])


if __name__ == "__main__":
    unittest.main()
