# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from monai.data import DataLoader

from monai_unet3plus.engines import CaseDataset, CaseEvaluator
from monai_unet3plus.handlers import InferenceReport


class Network(torch.nn.Module):
    """Interrupts the run at a volume of value 2, fails at one of value 1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.max() == 2:
            raise KeyboardInterrupt
        if x.max() == 1:
            raise ValueError("/data/sub/b.nii.gz: expected zeros.")
        return x


class TestInferenceReport(unittest.TestCase):
    write_in_background = False

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.output = Path(folder.name) / "masks"

    def run_over(self, *values: float) -> dict:
        names = ("/data/a.nii.gz", "/data/sub/b.nii.gz", "/data/c.nii.gz")
        loader = DataLoader(CaseDataset([{"image": torch.full((1, 2, 2, 2), value)} for value in values]), batch_size=1)
        evaluator = CaseEvaluator(
            device=torch.device("cpu"),
            val_data_loader=loader,
            network=Network(),
            val_handlers=[InferenceReport(self.output, "/data")],
            write_in_background=self.write_in_background,
        )
        with mock.patch("monai_unet3plus.engines.case_evaluator._get_path", side_effect=names):
            try:
                evaluator.run()
            finally:
                report = self.output / "report.json"
                self.report = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return self.report

    def test_cases_are_named_by_their_place_in_the_data_set(self) -> None:
        report = self.run_over(0, 1, 0)
        self.assertEqual(report["counts"], {"segmented": 2, "failed": 1, "not_tried": 0})
        self.assertEqual([case["image"] for case in report["cases"]], ["a.nii.gz", "sub/b.nii.gz", "c.nii.gz"])
        self.assertEqual(report["cases"][1]["reason"], "ValueError: /data/sub/b.nii.gz: expected zeros.")

    def test_interrupted_run_is_reported_and_stays_interrupted(self) -> None:
        with self.assertRaises(KeyboardInterrupt):
            self.run_over(0, 2, 0)
        self.assertEqual(self.report["counts"], {"segmented": 1, "not_tried": 2})

    def test_report_that_can_not_be_written_is_logged(self) -> None:
        with mock.patch("monai_unet3plus.report.schema.replacing", side_effect=OSError(28, "No space left")):
            with self.assertLogs("monai_unet3plus.handlers.inference_report", "ERROR") as log:
                self.run_over(0)
        self.assertIn("the report was not written to", log.output[0])

    def test_page_has_the_same_cases(self) -> None:
        with self.assertRaises(KeyboardInterrupt):
            self.run_over(1, 0, 2)
        page = (self.output / "report.html").read_text(encoding="utf-8")
        self.assertIn("<b>1</b> segmented", page)
        self.assertIn("<b>1</b> not tried", page)
        self.assertEqual(page.count("ValueError: /data/sub/b.nii.gz: expected zeros."), 2)


class TestInferenceReportInBackground(TestInferenceReport):
    """The case whose mask is being written when the run ends is in the report too."""

    write_in_background = True

    def test_last_mask_that_can_not_be_written_is_reported(self) -> None:
        with mock.patch.object(CaseEvaluator, "_write", side_effect=OSError(28, "No space left on device")):
            report = self.run_over(0)
        self.assertEqual(report["counts"], {"failed": 1, "not_tried": 0})
        self.assertEqual(report["cases"][0]["reason"], "No space left on device")


if __name__ == "__main__":
    unittest.main()
