# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import unittest
from types import SimpleNamespace
from typing import Any
from unittest import mock

from monai.transforms import Compose
from parameterized import parameterized

from monai_unet3plus.utils.command import as_command, is_command
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.utils.command"
SENTENCE = "dataset_dir: expected volumes, but found none in /data (100%)."


def refuse(item: Any = None) -> None:
    raise InputError(SENTENCE)


def refuse_deep_below(item: Any = None) -> None:
    try:
        Compose([refuse])(item)  # MONAI wraps the exceptions of a transform
    except RuntimeError as e:
        raise RuntimeError("Failed to evaluate ConfigExpression") from e


class TestIsCommand(unittest.TestCase):
    @parameterized.expand(
        [("monai.bundle.__main__", True), ("monai_unet3plus.__main__", True), ("pytest.__main__", False), (None, False)]
    )
    def test_only_commands_of_monai_and_this_package_are(self, name: str | None, expected: bool) -> None:
        spec = None if name is None else SimpleNamespace(name=name)
        with mock.patch.dict("sys.modules", {"__main__": SimpleNamespace(__spec__=spec)}):
            self.assertEqual(is_command(), expected)

    def test_a_block_makes_a_command_of_any_program(self) -> None:
        with as_command():
            self.assertTrue(is_command())
        self.assertFalse(is_command())


class TestAsCommand(unittest.TestCase):
    @parameterized.expand([("direct", refuse), ("wrapped", refuse_deep_below)])
    def test_input_error_ends_it_with_its_sentence(self, _: str, function: Any) -> None:
        with self.assertLogs(LOGGER, "INFO") as logged, self.assertRaises(SystemExit) as raised, as_command():
            function({})
        self.assertEqual(raised.exception.code, 1)
        (record,) = logged.records
        self.assertEqual((record.levelname, record.getMessage()), ("ERROR", SENTENCE))
        self.assertIsNone(record.exc_info, "a stack trace would bury the sentence")

    def test_stack_trace_is_there_for_who_debugs(self) -> None:
        with self.assertLogs(LOGGER, "DEBUG") as logged, self.assertRaises(SystemExit), as_command():
            refuse_deep_below({})
        self.assertIsNotNone(logged.records[0].exc_info)
        self.assertEqual(logged.records[-1].getMessage(), SENTENCE)

    @parameterized.expand([(ValueError("x"),), (RuntimeError("x"),), (SystemExit(7),)])
    def test_other_exceptions_pass_unchanged(self, error: BaseException) -> None:
        with self.assertNoLogs(LOGGER), self.assertRaises(type(error)) as raised, as_command():
            raise error
        self.assertIs(raised.exception, error)

    def test_interrupt_ends_it_with_a_sentence(self) -> None:
        with self.assertLogs(LOGGER, "DEBUG") as logged, self.assertRaises(SystemExit) as raised, as_command():
            raise KeyboardInterrupt
        self.assertEqual(raised.exception.code, 130)
        self.assertIn("interrupted", logged.records[0].getMessage())
        self.assertIsNone(logged.records[0].exc_info)

    def test_a_variable_is_named_as_the_command_line_names_it(self) -> None:
        for message, expected in (
            ("dataset_dir: expected dataset_dir: a folder.", "CT: expected dataset_dir: a folder."),
            ("/data/a.nii: cut off", "/data/a.nii: cut off"),
        ):
            with self.assertLogs(LOGGER) as logged, self.assertRaises(SystemExit), as_command({"dataset_dir": "CT"}):
                raise InputError(message)
            self.assertEqual(logged.records[0].getMessage(), expected)


class TestExitOnError(unittest.TestCase):
    """In processes of their own, as they end with a status."""

    @parameterized.expand(
        [
            ("raise RuntimeError('by MONAI') from InputError('dataset_dir: is empty.')", 1, "dataset_dir: is empty."),
            ("raise KeyboardInterrupt", 130, "interrupted; files that were written are whole"),
        ]
    )
    def test_a_command_ends_with_one_line(self, statement: str, status: int, line: str) -> None:
        end = self.end("monai.bundle.__main__", statement)
        self.assertEqual((end.returncode, end.stderr.splitlines()), (status, [line]))

    @parameterized.expand([("monai.bundle.__main__", "raise ValueError('x')"), ("host", "raise InputError('x')")])
    def test_other_exceptions_and_programs_have_their_stack_trace(self, name: str, statement: str) -> None:
        end = self.end(name, statement)
        self.assertEqual(end.returncode, 1)
        self.assertIn("Traceback", end.stderr)

    @staticmethod
    def end(name: str, statement: str) -> subprocess.CompletedProcess[str]:
        program = (
            "import sys, types\n"
            "from monai_unet3plus.utils.command import exit_on_error\n"
            "from monai_unet3plus.utils.errors import InputError\n"
            f"sys.modules['__main__'].__spec__ = types.SimpleNamespace(name={name!r})\n"
            f"exit_on_error()\n{statement}\n"
        )
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    unittest.main()
