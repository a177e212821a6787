# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from monai_unet3plus.utils.command import as_command, is_command, name_argument


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

    def test_a_variable_is_named_as_the_command_line_names_it(self) -> None:
        message = "dataset_dir: expected dataset_dir: a folder."
        with as_command({"dataset_dir": "CT"}):
            self.assertEqual(name_argument(message), "CT: expected dataset_dir: a folder.")
            self.assertEqual(name_argument("/data/a.nii: cut off"), "/data/a.nii: cut off")
        self.assertEqual(name_argument(message), message)


if __name__ == "__main__":
    unittest.main()
