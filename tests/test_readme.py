# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from tests.data_sets import write_boxes

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
COMMANDS = [line for language, block in BLOCKS if language == "bash" for line in block.splitlines()]

# What a test has no time for: less data, smaller windows and a narrow network, nothing else.
SMALLER = {
    "roi_size": "[32, 32]",
    "crop_size": "[161, 161]",
    "features": "[4, 8, 16, 32, 64]",
    "epochs": "1",
    "val_interval": "1",
    "num_samples": "1",
}
SMALLER_INFERENCE = {name: SMALLER[name] for name in ("roi_size", "features")}


class TestReadme(unittest.TestCase):
    """Runs every block of code in the README."""

    def test_languages_of_blocks_are_covered(self) -> None:
        self.assertEqual({language for language, _ in BLOCKS}, {"bash", "python"})

    @parameterized.expand([(block,) for language, block in BLOCKS if language == "python"])
    def test_python_block_runs(self, block: str) -> None:
        names: dict = {}
        exec(compile(block, "README.md", "exec"), names)
        self.assertEqual(tuple(names["logits"].shape), (1, 2, 128, 128, 9))

    @parameterized.expand([(line,) for line in COMMANDS if not line.startswith("python")])
    def test_make_and_pip_commands_are_valid(self, command: str) -> None:
        # `make demo` and `make test` would run for minutes, and this very test: their recipes are printed instead
        dry = {"make": ["--dry-run"], "pip": ["--dry-run", "--no-deps", "--no-build-isolation", "--quiet"]}
        program, *arguments = shlex.split(command)
        runner = [sys.executable, "-m", "pip"] if program == "pip" else [program]
        done = subprocess.run([*runner, *arguments, *dry[program]], cwd=ROOT, capture_output=True, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_bundle_commands_run_in_order(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            shutil.copytree(ROOT / "bundle", work / "bundle")
            write_boxes(work / "DATA")
            shutil.copytree(work / "DATA" / "imagesTs", work / "CT_FOLDER")
            commands = [line for line in COMMANDS if line.startswith("python")]
            inference, training, evaluation = commands
            for command, overrides in ((training, SMALLER), (evaluation, SMALLER), (inference, SMALLER_INFERENCE)):
                options = [part for name, value in overrides.items() for part in (f"--{name}", value)]
                done = subprocess.run(
                    [sys.executable, *shlex.split(command)[1:], *options],
                    cwd=work,
                    env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"},
                    capture_output=True,
                    encoding="utf-8",
                )
                self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
            self.assertTrue((work / "MASKS" / "box_3_seg.nii.gz").is_file())
            self.assertTrue((work / "EVALUATION" / "cases.csv").is_file())


if __name__ == "__main__":
    unittest.main()
