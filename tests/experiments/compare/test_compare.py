# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import logging
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from monai_unet3plus.experiments.compare import __main__ as compare
from tests.bundle.workflows import BUNDLE
from tests.data_sets import write_boxes
from tests.experiments.compare.comparisons import small_settings


class TestCompare(unittest.TestCase):
    """A comparison of two systems, as small as one can be, by the command."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        write_boxes(self.root / "boxes", cases=2, test_cases=1)
        cases = [
            {"image": f"images{s}/box_{k}.nii.gz", "label": f"labels{s}/box_{k}.nii.gz", "patient": str(k)}
            for k, s in enumerate(("Tr", "Tr", "Ts"))
        ]
        split = {"training": cases[:2], "testing": cases[2:], "validation": ["1"]}
        self.settings = {**vars(small_settings()), **split}

    def compare(self, *arguments: str) -> str:
        (self.root / "settings.json").write_text(json.dumps(self.settings))
        options = ["--settings", str(self.root / "settings.json"), "--output_dir", str(self.root / "out")]
        options += ["--dataset_dir", str(self.root / "boxes"), "--bundle_root", str(BUNDLE)]
        with self.assertLogs("monai_unet3plus", logging.INFO) as log:
            compare.main([*options, *arguments])
        return "\n".join(log.output)

    def refused(self, *arguments: str) -> str:
        with mock.patch("sys.stderr") as stderr, self.assertRaises(SystemExit) as raised:
            self.compare(*arguments)
        self.assertEqual(raised.exception.code, 2)
        return "".join(call.args[0] for call in stderr.write.call_args_list)

    def test_all_is_done_once(self) -> None:
        log = self.compare()
        self.assertEqual(log.count("training Dice"), 2 * 2 + 2)
        page = (self.root / "out" / "results.md").read_text(encoding="utf-8")
        self.assertRegex(page, r"\| UNet \| focal \|")
        self.assertTrue((self.root / "out" / "images" / "comparison.png").is_file())
        self.assertNotIn("training Dice", self.compare("--stages", "train", "page"))
        self.settings["steps"] = 5
        self.assertIn("other settings", self.refused())

    def test_wrong_arguments_are_named_before_anything_is_trained(self) -> None:
        self.settings["systems"] = ["no_such_net"]
        self.assertIn("no_such_net", self.refused())


if __name__ == "__main__":
    unittest.main()
