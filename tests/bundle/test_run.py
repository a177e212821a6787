# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from monai_unet3plus.bundle.run import CasesFailedError, exit_with_status, run_training
from monai_unet3plus.engines import CaseResult
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.bundle.run"


class TestExitWithStatus(unittest.TestCase):
    """Within a command, unless a test says otherwise."""

    def setUp(self) -> None:
        self.is_command = mock.patch("monai_unet3plus.bundle.run.is_command", return_value=True).start()
        self.addCleanup(mock.patch.stopall)

    def test_run_without_failures_returns(self) -> None:
        with self.assertLogs(LOGGER, "INFO") as logged:
            exit_with_status(SimpleNamespace(results=[], failures={}, succeeded=2, not_tried=0))
        (record,) = logged.records
        self.assertEqual((record.levelname, record.getMessage()), ("INFO", "2 of 2 cases segmented"))

    @parameterized.expand([("some", 3, 3), ("all", 0, 1)])
    def test_failures_end_in_a_status_and_a_summary(self, _: str, succeeded: int, status: int) -> None:
        failures = {"/d/a.nii.gz": "/d/a.nii.gz: 50% are NaN", "/d/b.nii.gz": "OSError: disk full"}
        with self.assertLogs(LOGGER, "INFO") as logged, self.assertRaises(SystemExit) as raised:
            exit_with_status(SimpleNamespace(results=[], failures=failures, succeeded=succeeded, not_tried=0))
        self.assertEqual(raised.exception.code, status)
        self.assertEqual({record.levelname for record in logged.records}, {"ERROR"})
        first, second, last = (record.getMessage() for record in logged.records)
        self.assertEqual(first, "failed: /d/a.nii.gz  50% are NaN")
        self.assertEqual(second, "failed: /d/b.nii.gz  OSError: disk full")
        self.assertEqual(last, f"{succeeded} of {succeeded + 2} cases segmented, 2 failed")

    def test_a_program_gets_an_exception_with_the_reasons(self) -> None:
        self.is_command.return_value = False
        evaluator = SimpleNamespace(results=[], failures={"/d/a.nii.gz": "cut off"}, succeeded=1, not_tried=0)
        with self.assertLogs(LOGGER, "ERROR"), self.assertRaisesRegex(CasesFailedError, "1 of 2 cases") as raised:
            exit_with_status(evaluator)
        self.assertEqual(raised.exception.failures, {"/d/a.nii.gz": "cut off"})

    def test_masks_to_look_at_are_named(self) -> None:
        organs = {"liver": {"flags": ["2 large parts", "nothing"]}, "spleen": {"flags": []}}
        results = [CaseResult("/d/a.nii.gz", "segmented", organs=organs)]
        with self.assertLogs(LOGGER, "INFO") as logged:
            exit_with_status(SimpleNamespace(results=results, failures={}, succeeded=1, not_tried=0))
        messages = [record.getMessage() for record in logged.records]
        self.assertEqual(messages, ["look at: /d/a.nii.gz  liver: 2 large parts; nothing", "1 of 1 cases segmented"])

    def test_cases_that_were_not_tried_are_counted(self) -> None:
        with self.assertLogs(LOGGER, "INFO") as logged, self.assertRaises(SystemExit) as raised:
            exit_with_status(SimpleNamespace(results=[], failures={}, succeeded=1, not_tried=4))
        self.assertEqual(raised.exception.code, 3)
        self.assertIn("1 of 5 cases segmented, 0 failed, 4 not tried", logged.output[-1])


class TestRunTraining(unittest.TestCase):
    def test_another_training_on_the_folder_is_refused_until_the_first_ends(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            second = mock.Mock()

            def train() -> None:
                with self.assertRaisesRegex(InputError, f"ckpt_dir: another run is at work in {folder}"):
                    run_training(second, folder)

            run_training(mock.Mock(run=train), folder)
            second.run.assert_not_called()
            run_training(second, folder)
            second.run.assert_called_once()


if __name__ == "__main__":
    unittest.main()
