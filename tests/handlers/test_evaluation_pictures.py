# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from monai_unet3plus.handlers import EvaluationPictures
from tests.handlers.evaluations import ORGANS, evaluator, write_case


class TestEvaluationPictures(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data, self.out = Path(folder.name) / "data", Path(folder.name) / "out"
        self.image, self.label = np.zeros((2, 24, 20, 9), np.uint8)
        self.label[14:20, 6:14, 2:7] = self.image[14:20, 6:14, 3:7] = 1

    def draw(self, name: str, codes: str = "LPS", dataset_dir: Path | None = None) -> None:
        case = write_case(self.data, name, self.image, self.label, codes)
        evaluator([case], [EvaluationPictures(self.out, ORGANS, dataset_dir or self.data, window=(0, 2))]).run()

    def test_picture_lies_where_the_mask_does(self) -> None:
        self.draw("deep/case.1.nii.gz")
        self.assertEqual(
            [path.relative_to(self.out).as_posix() for path in self.out.rglob("*.webp")],
            ["deep/case.1_differences.webp"],
        )

    def test_picture_is_the_same_however_the_file_is_stored(self) -> None:
        for codes in ("LPS", "SPR"):
            self.draw("a.nii.gz", codes)
            (self.out / "a_differences.webp").rename(self.out / f"{codes}.webp")
        np.testing.assert_array_equal(imread(self.out / "LPS.webp"), imread(self.out / "SPR.webp"))

    def test_case_that_annotates_only_some_organs_is_drawn(self) -> None:
        self.label[0, 0, 0] = 255
        self.draw("a.nii.gz")
        self.assertTrue((self.out / "a_differences.webp").is_file())

    def test_name_that_looks_like_a_formula_is_text(self) -> None:
        self.draw("$\\frac$.nii.gz")
        self.assertTrue((self.out / "$\\frac$_differences.webp").is_file())


if __name__ == "__main__":
    unittest.main()
