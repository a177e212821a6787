# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np

from monai_unet3plus.experiments.compare.volumes import prepare_volumes, read_volumes
from monai_unet3plus.utils.errors import InputError
from tests.bundle.workflows import BUNDLE
from tests.data_sets import write_boxes
from tests.experiments.compare.comparisons import small_settings


class TestVolumes(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        write_boxes(self.root, cases=2, test_cases=1, shape=(48, 40, 9))
        cases = [
            {"image": f"images{s}/box_{k}.nii.gz", "label": f"labels{s}/box_{k}.nii.gz", "patient": str(k)}
            for k, s in enumerate(("Tr", "Tr", "Ts"))
        ]
        self.settings = small_settings(training=cases[:2], testing=cases[2:], validation=["1"], pixel_size=1.5)
        self.path = self.root / "volumes.npz"
        prepare_volumes(self.settings, self.root, BUNDLE, self.path)

    def test_a_scan_is_windowed_and_thinned(self) -> None:
        volume = read_volumes(self.settings, self.path)["imagesTr/box_0.nii.gz"]
        # left to right in RAS: the file's first axis runs the other way
        image = nib.load(self.root / "imagesTr" / "box_0.nii.gz").get_fdata()[::-1].transpose(2, 0, 1)[::3]
        label = nib.load(self.root / "labelsTr" / "box_0.nii.gz").get_fdata()[::-1].transpose(2, 0, 1)[::3]
        kept = -200 + 15.0 * volume.image
        np.testing.assert_allclose(kept, image.clip(-200, 250), atol=7.5001)
        for mask in (volume.mask, volume.reference):
            np.testing.assert_array_equal(mask, label == 1)

    def test_coarser_pixels_leave_the_reference_as_it_is(self) -> None:
        settings = small_settings(**{**vars(self.settings), "pixel_size": 3.0})
        prepare_volumes(settings, self.root, BUNDLE, self.path)
        volume = read_volumes(settings, self.path)["imagesTs/box_2.nii.gz"]
        self.assertEqual((volume.image.shape, volume.mask.shape), ((3, 24, 20), (3, 24, 20)))
        self.assertEqual(volume.reference.shape, (3, 48, 40))
        self.assertAlmostEqual(volume.mask.mean(), volume.reference.mean(), delta=0.02)

    def test_other_settings_and_too_small_slabs_are_refused(self) -> None:
        with self.assertRaisesRegex(InputError, "other settings"):
            read_volumes(small_settings(**{**vars(self.settings), "hu_step": 5}), self.path)
        with self.assertRaisesRegex(InputError, "48 or more"):
            read_volumes(small_settings(**{**vars(self.settings), "size": 40}), self.path)


if __name__ == "__main__":
    unittest.main()
