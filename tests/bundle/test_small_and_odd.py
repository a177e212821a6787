# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from parameterized import parameterized

from tests.bundle.workflows import inference, run, write_checkpoint

BRIGHT = {"network_def": {"_target_": "tests.bundle.test_small_and_odd.Bright"}, "load_pretrain": False}


class Bright(torch.nn.Module):
    """Finds voxels brighter than the middle of the window, 25 HU, so that the right mask is known."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 1:2] - 0.5


class TestSmallAndOdd(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def segment(self, array: np.ndarray, **overrides: Any) -> tuple[np.ndarray, dict]:
        """The mask of a volume whose axes go left, front and head, and the report's entry of its liver."""
        path = self.work / "data" / "odd.nii.gz"
        path.parent.mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(array.astype(np.int16), np.diag([-1.5, 1.5, 4, 1])), path)
        run(inference(path.parent, self.work / "masks", **overrides))
        report = json.loads((self.work / "masks" / "report.json").read_text())
        return (
            np.asarray(nib.load(self.work / "masks" / "odd_seg.nii.gz").dataobj),
            report["cases"][0]["organs"]["liver"],
        )

    @parameterized.expand(
        [
            ("one_slice", (40, 36, 1), ["feet", "head"]),
            ("two_slices", (40, 36, 2), ["head"]),
            ("fifteen_pixels", (15, 15, 4), ["head"]),
            ("large", (2048, 2048, 1), ["feet", "head"]),
        ]
    )
    def test_organ_cut_by_the_border_is_whole_and_named(
        self, _: str, shape: tuple[int, int, int], ends: list[str]
    ) -> None:
        array = np.full(shape, -900.0)
        array[3:-3, 3:-3] = -60
        array[: shape[0] // 2, 4:-4, -max(shape[2] // 2, 1) :] = 120
        mask, facts = self.segment(array, **BRIGHT, roi_size=[min(512, max(32, size)) for size in shape[:2]])
        np.testing.assert_array_equal(mask, array == 120)
        self.assertEqual(facts["borders"], ["right", *ends])

    def test_body_without_the_organ_has_an_empty_mask_whether_or_not_the_classifier_says_so(self) -> None:
        checkpoint = self.work / "absent.pt"
        weights = torch.load(write_checkpoint(self.work, 1), weights_only=True)
        weights["presence_head.conv.bias"][1::2] -= 200.0
        torch.save(weights, checkpoint)
        array = np.full((40, 36, 4), -900.0)
        array[3:-3, 3:-3] = -60
        for options in (BRIGHT, {"checkpoint": str(checkpoint)}):
            with self.subTest(options=options):
                mask, facts = self.segment(array, **options)
                self.assertFalse(mask.any())
                self.assertEqual(facts["flags"], ["no liver found"])


if __name__ == "__main__":
    unittest.main()
