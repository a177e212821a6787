# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import logging
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from monai_unet3plus.experiments.compare import __main__ as compare
from tests.bundle.workflows import BUNDLE
from tests.data_sets import write_boxes
from tests.processes import run_python

SMALLER = ["features=[4, 8, 16, 32, 64]", "batch_size=2", "num_samples=1", "crop_size=[48, 48]", "pixel_size=None"]
SMALLER += ["roi_size=[-1, -1]", "num_workers=0", "organs={'liver': 1}"]


class TestCompare(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        patch = mock.patch("subprocess.run", run_python)
        patch.start()
        self.addCleanup(patch.stop)
        write_boxes(self.root / "boxes", cases=2, test_cases=2)

    def compare(self, *arguments: str, systems: tuple[str, ...] = ("unet3plus_no_ds", "unet3plus")) -> str:
        options = [
            "--dataset_dir",
            str(self.root / "boxes"),
            "--output_dir",
            str(self.root / "out"),
            "--devices",
            "cpu",
        ]
        options += ["--bundle_root", str(BUNDLE), "--systems", *systems, "--seeds", "1", "--overrides", *SMALLER]
        with (
            mock.patch.object(sys, "argv", ["compare", *options, *arguments]),
            self.assertLogs("monai_unet3plus", logging.INFO) as log,
        ):
            compare.main()
        return "\n".join(log.output)

    def refused(self, *arguments: str, **kwargs: tuple[str, ...]) -> str:
        with mock.patch("sys.stderr") as stderr, self.assertRaises(SystemExit) as raised:
            with self.assertNoLogs("monai_unet3plus", logging.WARNING):
                self.compare(*arguments, **kwargs)
        self.assertEqual(raised.exception.code, 2)
        return "".join(call.args[0] for call in stderr.write.call_args_list)

    def test_two_systems_are_trained_evaluated_and_tabled_once(self) -> None:
        log = self.compare("--budget", "1")
        self.assertEqual(log.count("done in"), 2)
        out = self.root / "out"
        with (out / "table_1.csv").open(newline="") as file:
            rows = {row["system"]: row for row in csv.DictReader(file)}
        self.assertEqual(list(rows), ["unet3plus_no_ds", "unet3plus"])
        self.assertEqual((rows["unet3plus_no_ds"]["reference"], rows["unet3plus"]["reference"]), ("unet3plus", ""))
        self.assertEqual(rows["unet3plus_no_ds"]["cases"], "2")
        self.assertEqual({row["loss"] for row in rows.values()}, {"focal"})
        self.assertIn("## Table 1", (out / "comparison.md").read_text(encoding="utf-8"))
        self.assertTrue((out / "accuracy_over_cost.png").is_file())
        self.assertTrue((out / "unet3plus" / "seed_1" / "models" / "model_last.pt").is_file())
        self.assertEqual(self.compare("--budget", "1").count("done before"), 2)
        self.assertIn("budget", self.refused("--budget", "2"))

    def test_wrong_arguments_are_named_before_anything_is_trained(self) -> None:
        self.assertIn("no_such_net", self.refused("--budget", "1", systems=("no_such_net",)))
        self.assertIn("NAME=VALUE", self.refused("--budget", "1", "--overrides", "features"))


if __name__ == "__main__":
    unittest.main()
