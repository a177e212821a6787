# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
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
