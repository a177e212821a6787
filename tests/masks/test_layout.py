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

import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from monai_unet3plus.masks.layout import MaskLayout


class TestMaskLayout(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.layout = MaskLayout(self.root / "masks", self.root / "data", postfix="liver")

    @parameterized.expand(
        [
            ("a.nii.gz", "a_liver.nii.gz"),
            ("patient/ct/a.nrrd", "patient/ct/a_liver.nii.gz"),
            ("patient/series", "patient/series_liver.nii.gz"),
            ("imagesTs/case.1.nii.gz", "case.1_liver.nii.gz"),
            ("imagesTs/case.2.nii.gz", "case.2_liver.nii.gz"),
        ]
    )
    def test_masks_keep_the_images_relative_path(self, image: str, mask: str) -> None:
        name = self.layout.filename(self.root / "data" / image, idx=0)
        self.assertEqual(Path(name), self.root / "masks" / mask)

    def test_folders_are_made_as_needed(self) -> None:
        for _ in range(2):
            name = self.layout.filename(self.root / "data" / "a" / "b" / "c.nii.gz")
            self.assertTrue(Path(name).parent.is_dir())
            self.assertFalse(Path(name).exists())


if __name__ == "__main__":
    unittest.main()
