# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The short demo, on a phantom with few voxels."""

from __future__ import annotations

import logging
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np

from monai_unet3plus.experiments import demo_segment

COARSE = {"seed": 1, "pixel_size": (4.0, 4.0), "slice_thickness": (9.0, 9.0)}


class TestDemoSegment(unittest.TestCase):
    def test_prints_dice_and_volumes_of_the_masks_and_names_the_report(self) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(demo_segment, "_PHANTOM", COARSE),
            self.assertLogs("monai_unet3plus", logging.INFO) as log,
        ):
            demo_segment.main(["--work_dir", folder])
            text = "\n".join(log.output)
            data, masks = Path(folder) / "phantom", Path(folder) / "phantom_masks"
            self.assertTrue((masks / "report.html").is_file())
            self.assertIn(str(masks / "report.html"), text)
            truth, mask = (
                np.asarray(nib.load(file).dataobj)
                for file in (data / "labelsTr" / "phantom_000.nii.gz", masks / "phantom_000_seg.nii.gz")
            )
        for organ, value in (("liver", 1), ("spleen", 2)):
            both, sizes = np.sum((truth == value) & (mask == value)), [np.sum(x == value) for x in (mask, truth)]
            found = re.search(rf"{organ} +Dice ([\d.]+), volume (\d+) ml, truth (\d+) ml", text)
            assert found is not None, text
            self.assertAlmostEqual(float(found[1]), 2 * both / sum(sizes), places=3)
            for volume, size in zip(found.groups()[1:], sizes):
                self.assertAlmostEqual(float(volume), size * 4 * 4 * 9 / 1000, delta=0.6)


if __name__ == "__main__":
    unittest.main()
