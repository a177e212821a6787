# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK
import torch
from monai.data import MetaTensor
from monai.transforms import LoadImage, Orientation
from parameterized import parameterized

from monai_unet3plus.transforms import LoadCT, LoadCTd
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes, write_dicom_series


class TestLoadCT(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        write_boxes(self.work, cases=1, test_cases=0)
        self.file = self.work / "imagesTr" / "box_0.nii.gz"

    @parameterized.expand([(".nii.gz",), (".nrrd",), (".mha",)])
    def test_voxels_and_grid_are_those_of_monais_loader(self, suffix: str) -> None:
        path = self.work / f"copy{suffix}"
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(self.file)), str(path))
        expected, found = LoadImage(reader=None if suffix == ".nii.gz" else "ITKReader")(path), LoadCT()(path)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(found.affine, expected.affine, atol=1e-6)
        self.assertEqual(found.dtype, torch.float32)
        self.assertEqual(found.meta["filename_or_obj"], str(path))

    def test_series_has_the_voxels_of_its_volume(self) -> None:
        write_dicom_series(self.file, self.work / "series")
        volume, series = (Orientation("RAS")(LoadCT()(path)[None]) for path in (self.file, self.work / "series"))
        np.testing.assert_array_equal(series, volume)
        np.testing.assert_allclose(series.affine, volume.affine, atol=1e-4)

    def test_file_that_states_no_orientation_is_warned_of_or_refused(self) -> None:
        path = self.work / "unstated.nii.gz"
        nib.save(nib.Nifti1Image(np.asarray(nib.load(self.file).dataobj), None), path)
        with self.assertLogs("monai_unet3plus.transforms.load_ct", "WARNING"):
            LoadCT()(path)
        sentence = (
            f"{path}: expected a file that states its orientation.*give --set grid_check=warn, or --grid_check warn to"
        )
        with self.assertRaisesRegex(InputError, sentence):
            LoadCTd("image", grid_check="error")({"image": path})
        LoadCT(grid_check="error")(self.file)

    def test_label_map_keeps_its_type(self) -> None:
        label = self.work / "labelsTr" / "box_0.nii.gz"
        loaded = LoadCTd(["image", "label"], dtype=[np.float32, None])({"image": self.file, "label": label})
        self.assertEqual([loaded[key].dtype for key in ("image", "label")], [torch.float32, torch.uint8])
        np.testing.assert_array_equal(loaded["label"], np.asarray(nib.load(label).dataobj))

    @parameterized.expand([("RAS", np.eye(4)), ("LPS", np.diag([-1.0, -1, 1, 1]))])
    def test_volume_in_memory_lies_as_its_file(self, space: str, to_ras: np.ndarray) -> None:
        image = nib.load(self.file)
        meta: dict[str, Any] = {"affine": torch.from_numpy(to_ras @ image.affine), "space": space}
        volume = MetaTensor(torch.from_numpy(np.asarray(image.dataobj)), meta=meta)
        expected, found = LoadCT()(self.file), LoadCT()(volume)
        np.testing.assert_array_equal(found, expected)
        for key in ("affine", "original_affine", "spatial_shape"):
            np.testing.assert_allclose(found.meta[key], expected.meta[key])
        self.assertEqual((found.dtype, found.meta["space"]), (torch.float32, "RAS"))
        np.testing.assert_allclose(volume.affine, to_ras @ image.affine)  # the caller's is as it was

    @parameterized.expand([("tensor", torch.zeros(2, 3, 4)), ("array", np.zeros((2, 3, 4)))])
    def test_volume_without_an_affine_is_refused(self, _: str, volume: Any) -> None:
        with self.assertRaisesRegex(InputError, "expected a file or a MetaTensor, whose affine"):
            LoadCT()(volume)

    def test_volume_in_memory_of_no_patients_size_is_refused(self) -> None:
        with self.assertRaisesRegex(InputError, "the volume: expected voxels of 0.01 to 100 mm"):
            LoadCT()(MetaTensor(torch.zeros(2, 3, 4), affine=np.diag([1000.0, 1, 1, 1])))


if __name__ == "__main__":
    unittest.main()
