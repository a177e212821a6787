# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

from monai_unet3plus.bundle import copy_variant
from tests.bundle.test_folder import write_variant_files
from tests.bundle.workflows import BUNDLE, ROOT

# The acceptance checks of the model zoo's standard, which are not part of the project.
TOOLS = ROOT.parent / "shared" / "tools"

# Checks that the checker skips, and why that is right here.
SKIPPED = {
    "structure.large_files": "every file is below 25 MB, so none is listed",
    "structure.python_style": "a bundle without Python files",
    "export.provided_model_ts": "model.ts is exported by who needs it",
    "export.trt_export": "wants TensorRT and its GPU",
    "apps.monailabel_infer": "wants monailabel, which has an integration test of its own",
    "zoo_ci.verify_bundle_full": "wants a clone of the model zoo",
    "zoo_ci.requirements_file": "wants a clone of the model zoo",
}
# Values that differ between bundles of different organs, and take no training.
STATIC = "structure,metadata,config,workflow,network,docs,monailabel_static"


@pytest.mark.slow
@unittest.skipUnless((TOOLS / "check_bundle.py").is_file(), "the bundle checker is not on this machine")
class TestCheckBundle(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def check(self, bundle: Path, *options: str) -> None:
        done = subprocess.run(
            [sys.executable, str(TOOLS / "check_bundle.py"), str(bundle), "--schema", str(TOOLS / "meta_schema.json")]
            + ["--overrides", str(Path(__file__).with_name("smoke.json")), *options],
            cwd=self.work,
            env={**os.environ, "PYTHONUTF8": "1"},  # PyTorch's exporter prints characters that not every locale has
            capture_output=True,
            encoding="utf-8",
        )
        report = done.stdout[-2000:] + done.stderr[-2000:]
        self.assertEqual(re.findall(r"^FAIL .*$", done.stdout, re.M), [], report)
        self.assertEqual(set(re.findall(r"^SKIP (\S+):", done.stdout, re.M)) - set(SKIPPED), set(), report)
        self.assertRegex(done.stdout, r"\d+ passed, \d+ failed")

    def test_bundle_meets_the_model_zoos_standard(self) -> None:
        self.check(BUNDLE, "--name", "liver_ct_segmentation")

    def test_variant_of_two_organs_does_too(self) -> None:
        weights, summary = self.work / "weights.pt", self.work / "summary.json"
        write_variant_files(weights, summary, ["spleen", "left kidney"])
        organs = {"spleen": 1, "left kidney": [2, 3]}
        self.check(
            copy_variant(self.work, "spleen_kidney_ct_segmentation", organs, weights, summary),
            "--no-run",
            "--only",
            STATIC,
        )


if __name__ == "__main__":
    unittest.main()
