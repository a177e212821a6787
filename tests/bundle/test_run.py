# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from types import SimpleNamespace
from typing import Any
from unittest import mock

from monai.transforms import Compose
from parameterized import parameterized

from monai_unet3plus.bundle.run import CasesFailedError, exit_on_error, exit_with_status, run_training
from monai_unet3plus.engines import CaseResult
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.bundle.run"
SENTENCE = "dataset_dir: expected volumes, but found none in /data (100%)."


def refuse(item: Any = None) -> None:
    raise InputError(SENTENCE)


def refuse_deep_below(item: Any = None) -> None:
    try:
        Compose([refuse])(item)  # MONAI wraps the exceptions of a transform
    except RuntimeError as e:
        raise RuntimeError("Failed to evaluate ConfigExpression") from e


class CommandTestCase(unittest.TestCase):
    """Within a command, unless a test says otherwise."""

    def setUp(self) -> None:
        self.is_command = mock.patch("monai_unet3plus.bundle.run.is_command", return_value=True).start()
        self.addCleanup(mock.patch.stopall)


class TestExitOnError(CommandTestCase):
    def test_result_is_passed_on(self) -> None:
        self.assertEqual(exit_on_error(lambda a, b: (a, b), 1, b=2), (1, 2))

    @parameterized.expand([("direct", refuse), ("wrapped", refuse_deep_below)])
    def test_input_error_ends_the_run_with_its_sentence(self, _: str, function: Any) -> None:
        with self.assertLogs(LOGGER, "INFO") as logged, self.assertRaises(SystemExit) as raised:
            exit_on_error(function, {})
        self.assertEqual(raised.exception.code, 1)
        (record,) = logged.records
        self.assertEqual((record.levelname, record.getMessage()), ("ERROR", SENTENCE))
        self.assertIsNone(record.exc_info, "a stack trace would bury the sentence")

    @parameterized.expand([(InputError(SENTENCE),), (KeyboardInterrupt(),)])
    def test_a_program_gets_the_exception(self, error: BaseException) -> None:
        self.is_command.return_value = False

        def fail() -> None:
            raise error

        with self.assertNoLogs(LOGGER), self.assertRaises(type(error)) as raised:
            exit_on_error(fail)
        self.assertIs(raised.exception, error)

    def test_stack_trace_is_there_for_who_debugs(self) -> None:
        with self.assertLogs(LOGGER, "DEBUG") as logged, self.assertRaises(SystemExit):
            exit_on_error(refuse_deep_below, {})
        self.assertIsNotNone(logged.records[0].exc_info)
        self.assertEqual(logged.records[-1].getMessage(), SENTENCE)

    @parameterized.expand([(ValueError("x"),), (RuntimeError("x"),), (SystemExit(7),)])
    def test_other_exceptions_pass_unchanged(self, error: BaseException) -> None:
        def function() -> None:
            raise error

        with self.assertNoLogs(LOGGER), self.assertRaises(type(error)) as raised:
            exit_on_error(function)
        self.assertIs(raised.exception, error)

    def test_interrupt_ends_the_run_with_a_sentence(self) -> None:
        def function() -> None:
            raise KeyboardInterrupt

        with self.assertLogs(LOGGER, "DEBUG") as logged, self.assertRaises(SystemExit) as raised:
            exit_on_error(function)
        self.assertEqual(raised.exception.code, 130)
        self.assertIn("interrupted", logged.records[0].getMessage())
        self.assertIsNone(logged.records[0].exc_info)


class TestExitWithStatus(CommandTestCase):
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
