# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class TestPackage(unittest.TestCase):
    def test_import_prints_nothing_and_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, monai_unet3plus; heavy = {'torch', 'monai', 'numpy'} & set(sys.modules); sys.exit(len(heavy))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_links_in_documents_lead_somewhere(self) -> None:
        for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "bundle" / "docs" / "README.md"]:
            for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
                if not target.startswith("http"):
                    self.assertTrue((document.parent / target).exists(), f"{document.name}: {target}")

    def test_every_file_of_code_has_the_licence_header(self) -> None:
        for folder in ("monai_unet3plus", "tests"):
            for path in (ROOT / folder).rglob("*.py"):
                self.assertTrue(
                    path.read_text(encoding="utf-8").startswith("# SPDX-FileCopyrightText: monai_unet3plus"), path
                )


if __name__ == "__main__":
    unittest.main()
