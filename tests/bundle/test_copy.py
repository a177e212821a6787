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

import contextlib
import filecmp
import io
import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.bundle.__main__ import main
from monai_unet3plus.bundle.build import BuildWithBundle
from tests.bundle.workflows import BUNDLE, ROOT


def run(*arguments: str) -> tuple[int, str]:
    """The command's exit status and what it said on stderr."""
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(arguments)
        except SystemExit as e:
            return int(str(e.code)), error.getvalue()
    return 0, error.getvalue()


class TestCopy(unittest.TestCase):
    def test_copy_equals_the_bundle_and_can_be_written_to(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run("copy", f"{folder}/new", "--name", "spleen_ct_segmentation")[0], 0)
            copied = Path(folder, "new", "spleen_ct_segmentation")
            for name in ("LICENSE", "configs/train.json", "configs/ablation/hybrid.json", "docs/README.md"):
                self.assertTrue(filecmp.cmp(copied / name, BUNDLE / name, shallow=False), name)
            self.assertTrue(filecmp.cmp(copied / "models/model.pt", BUNDLE / "models/model.pt", shallow=False))
            (copied / "models" / "model.pt").write_bytes(b"")

    def test_nothing_is_overwritten(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "liver_ct_segmentation").mkdir()
            status, error = run("copy", folder)
            self.assertEqual(status, 2)
            self.assertIn("liver_ct_segmentation exists", error)

    def test_name_that_monai_refuses_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            status, error = run("copy", folder, "--name", "my bundle")
            self.assertEqual((status, list(Path(folder).iterdir())), (2, []))
            self.assertIn("letters, digits and underscores", error)


class TestBuild(unittest.TestCase):
    def test_setup_cfg_names_the_build_command(self) -> None:
        self.assertIn(
            f"build_py = {BuildWithBundle.__module__}.{BuildWithBundle.__name__}", (ROOT / "setup.cfg").read_text()
        )


if __name__ == "__main__":
    unittest.main()
