# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line as a shell sees it: fast, with a help for each command, and with a status."""

from __future__ import annotations

import io
import subprocess
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout

from parameterized import parameterized

import monai_unet3plus
from monai_unet3plus.cli import main
from monai_unet3plus.cli.bundle_workflow import organ_labels

COMMANDS = ("segment", "view", "train", "evaluate", "copy")
HEAVY = ("torch", "monai", "numpy", "ignite", "nibabel", "SimpleITK")


def call(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


class TestMain(unittest.TestCase):
    @parameterized.expand([(name,) for name in COMMANDS])
    def test_help_of_a_command_loads_nothing_heavy(self, name: str) -> None:
        code = (
            "import sys; from monai_unet3plus.cli import main\n"
            f"try: main([{name!r}, '--help'])\n"
            f"except SystemExit as end: sys.exit(end.code or ','.join(set(sys.modules) & set({HEAVY})) or 0)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"usage: unet3plus {name}", done.stdout)

    def test_module_runs_the_command_line(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "monai_unet3plus", "--version"], capture_output=True, encoding="utf-8"
        )
        self.assertEqual(done.stdout, f"monai_unet3plus {monai_unet3plus.__version__}\n")

    def test_help_lists_the_commands(self) -> None:
        status, text, _ = call("--help")
        self.assertEqual(status, 0)
        for name in (*COMMANDS, "compare"):
            self.assertRegex(text, rf"\n    {name} ")

    def test_compare_has_its_own_options(self) -> None:
        status, text, _ = call("compare", "--help")
        self.assertEqual(status, 0)
        self.assertIn("--settings", text)

    @parameterized.expand(
        [
            ((), "required: COMMAND"),
            (("paint",), "invalid choice: 'paint'"),
            (("segment", "ct.nii.gz"), "required: MASKS"),
            (("segment", "ct", "masks", "--set", "epochs"), "expected NAME=VALUE, but got epochs"),
            (("train", "data", "out", "--organs", "liver"), "expected organs and their label values"),
        ]
    )
    def test_wrong_command_line_has_status_2_and_a_reason(self, arguments: tuple[str, ...], reason: str) -> None:
        status, _, error = call(*arguments)
        self.assertEqual(status, 2)
        self.assertIn(reason, error)

    def test_wrong_input_has_status_1_and_one_line(self) -> None:
        command = [sys.executable, "-m", "monai_unet3plus", "segment", "ct", "masks", "--bundle", "/nowhere"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8")
        expected = "bundle: expected the folder of a bundle, but /nowhere/configs/inference.json does not exist.\n"
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", expected))

    @parameterized.expand(
        [
            ("liver=1", {"liver": 1}),
            ("liver=1+2,left kidney=3", {"liver": [1, 2], "left kidney": 3}),
            ("{'liver': [1, 2]}", {"liver": [1, 2]}),
        ]
    )
    def test_organs_and_their_labels_are_read(self, text: str, organs: dict) -> None:
        self.assertEqual(organ_labels(text), organs)


if __name__ == "__main__":
    unittest.main()
