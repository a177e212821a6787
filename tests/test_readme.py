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

# A test has little time: less data, smaller windows and a narrow network, no other changes.
SMALLER = {"roi_size": "[32, 32]", "features": "[4, 8, 16, 32, 64]"}
SMALLER_TRAINING = {"crop_size": "[161, 161]", "epochs": "1", "val_interval": "1", "num_samples": "1", **SMALLER}


class TestReadme(unittest.TestCase):
    """Runs every block of code in the README."""

    def test_languages_of_blocks_are_covered(self) -> None:
        self.assertEqual({language for language, _ in BLOCKS}, {"bash", "python"})

    @parameterized.expand([(block,) for language, block in BLOCKS if language == "python"])
    def test_python_block_runs(self, block: str) -> None:
        names: dict = {}
        exec(compile(block, "README.md", "exec"), names)
        self.assertEqual(tuple(names["logits"].shape), (1, 2, 128, 128, 9))

    @parameterized.expand([(line,) for line in COMMANDS if line.startswith(("make", "pip"))])
    def test_make_and_pip_commands_are_valid(self, command: str) -> None:
        # `make demo` and `make test` would run for minutes, and this very test: their recipes are printed instead
        dry = {"make": ["--dry-run"], "pip": ["--dry-run", "--no-deps", "--no-build-isolation", "--quiet"]}
        program, *arguments = shlex.split(command)
        runner = [sys.executable, "-m", "pip"] if program == "pip" else [program]
        done = subprocess.run([*runner, *arguments, *dry[program]], cwd=ROOT, capture_output=True, encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_commands_run(self) -> None:
        runs = [line for line in COMMANDS if not line.startswith(("make", "pip"))]
        names = [line.split()[1] for line in runs]
        self.assertEqual(names, ["segment", "train", "evaluate", "-m"], "their overrides are in this order")
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            (work / "bundle").symlink_to(ROOT / "bundle")
            write_boxes(work / "DATA")
            shutil.copytree(work / "DATA" / "imagesTs", work / "CT")
            for command, overrides in zip(runs, ({}, SMALLER_TRAINING, SMALLER, {})):
                options = [f"--set={name}={value}" for name, value in overrides.items()]
                arguments = shlex.split(command)[1:]
                module = [] if command.startswith("python") else ["-m", "monai_unet3plus"]
                done = subprocess.run(
                    [sys.executable, *module, *arguments, *options],
                    cwd=work,
                    env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive"},
                    capture_output=True,
                    encoding="utf-8",
                )
                self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
            for mask in ("MASKS/box_3_seg.nii.gz", "BUNDLE_MASKS/box_3_seg.nii.gz"):
                self.assertTrue((work / mask).is_file(), mask)
            self.assertTrue((work / "EVALUATION" / "cases.csv").is_file())


if __name__ == "__main__":
    unittest.main()
