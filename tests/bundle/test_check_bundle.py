# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pytest

from tests.bundle.workflows import BUNDLE, ROOT

# The acceptance checks of the model zoo's standard, which are not part of the project.
TOOLS = ROOT.parent / "shared" / "tools"

# There are no curves of a training yet that would be worth a figure.
NOT_YET = {"docs.training_curves"}


@pytest.mark.slow
@unittest.skipUnless((TOOLS / "check_bundle.py").is_file(), "the bundle checker is not on this machine")
class TestCheckBundle(unittest.TestCase):
    def test_bundle_meets_the_model_zoos_standard(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, str(TOOLS / "check_bundle.py"), str(BUNDLE), "--name", "liver_ct_segmentation"]
                + ["--schema", str(TOOLS / "meta_schema.json")]
                + ["--overrides", str(Path(__file__).with_name("smoke.json"))],
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
            )
        failed = {
            name: why for name, why in re.findall(r"^FAIL (\S+): (.*)$", done.stdout, re.M) if name not in NOT_YET
        }
        self.assertEqual(failed, {}, done.stdout[-2000:] + done.stderr[-2000:])
        self.assertRegex(done.stdout, r"\d+ passed, \d+ failed")


if __name__ == "__main__":
    unittest.main()
