# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import unittest

import nibabel as nib
import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import CheckGridd, CheckPaird, CheckVolumed
from monai_unet3plus.utils.errors import InputError

FILE = "/data/imagesTs/case_1.nii.gz"
AFFINE = np.array([[0.0, 0.0, 2.0, 5.0], [-0.7, 0.0, 0.0, 6.0], [0.0, 0.7, 0.0, 7.0], [0.0, 0.0, 0.0, 1.0]])

REFUSED = [
    ("4d", torch.rand(4, 5, 6, 2), "4 dimensions (4 x 5 x 6 x 2)"),
    ("5d", torch.rand(4, 5, 6, 1, 3), "5 dimensions (4 x 5 x 6 x 1 x 3)"),
    ("2d", torch.rand(4, 5), "2 dimensions (4 x 5)"),
    ("empty", torch.zeros(4, 0, 6), "none (4 x 0 x 6)"),
    ("constant", torch.full((2, 3, 4), -1024.0), "every voxel has the value -1024"),
]


def volume_of(array: torch.Tensor) -> MetaTensor:
    return MetaTensor(array, meta={"filename_or_obj": FILE})


class TestCheckVolumed(unittest.TestCase):
    @parameterized.expand([((4, 5, 6),), ((4, 5, 1),), ((1, 5, 6),)])
    def test_volumes_pass_unchanged(self, shape: tuple[int, ...]) -> None:
        image = volume_of(torch.rand(shape))
        out = CheckVolumed("image")({"image": image, "other": 1})
        self.assertTrue(torch.equal(out["image"], image))
        self.assertEqual(out["image"].meta["filename_or_obj"], FILE)
        self.assertEqual(out["other"], 1)

    @parameterized.expand([((4, 5, 6, 1),), ((4, 5, 6, 1, 1),)])
    def test_trailing_axes_of_size_1_are_dropped(self, shape: tuple[int, ...]) -> None:
        image = volume_of(torch.rand(shape))
        out = CheckVolumed("image")({"image": image})["image"]
        self.assertEqual(tuple(out.shape), (4, 5, 6))
        self.assertTrue(torch.equal(out.flatten(), image.flatten()))
        self.assertEqual(tuple(out.affine.shape), (4, 4))

    def test_one_slice_keeps_its_axis(self) -> None:
        out = CheckVolumed("image")({"image": volume_of(torch.rand(4, 5, 1, 1))})["image"]
        self.assertEqual(tuple(out.shape), (4, 5, 1))

    @parameterized.expand(REFUSED)
    def test_what_is_no_volume_is_refused_by_name(self, _: str, array: torch.Tensor, found: str) -> None:
        with self.assertRaises(InputError) as raised:
            CheckVolumed("image")({"image": volume_of(array)})
        self.assertTrue(str(raised.exception).startswith(FILE))
        self.assertIn(found, str(raised.exception))

    @parameterized.expand([("nan", [math.nan]), ("inf", [math.inf, -math.inf]), ("both", [math.nan, -math.inf])])
    def test_values_that_are_not_finite_are_counted(self, _: str, values: list[float]) -> None:
        image = torch.rand(2, 3, 4)
        image.view(-1)[: len(values)] = torch.tensor(values)
        with self.assertRaisesRegex(InputError, f"{len(values)} of 24"):
            CheckVolumed("image")({"image": volume_of(image)})

    def test_integer_volumes_pass(self) -> None:
        image = torch.arange(24, dtype=torch.int16).reshape(2, 3, 4)
        self.assertIs(CheckVolumed("image")({"image": image})["image"], image)

    def test_constant_label_maps_pass_if_said_so(self) -> None:
        label = volume_of(torch.zeros(2, 3, 4))
        self.assertTrue(torch.equal(CheckVolumed("label", constant=True)({"label": label})["label"], label))

    def test_message_without_a_file_name_reads_well(self) -> None:
        with self.assertRaisesRegex(InputError, "^the volume: expected one 3D volume"):
            CheckVolumed("image")({"image": torch.rand(2, 2)})


class TestCheckPaird(unittest.TestCase):
    def setUp(self) -> None:
        meta = {"filename_or_obj": "/data/labelsTr/case_1.nii.gz"}
        self.pair = {"image": volume_of(torch.rand(4, 5, 6)), "label": MetaTensor(torch.ones(4, 5, 6), meta=meta)}

    def test_label_on_the_grid_of_its_image_passes(self) -> None:
        self.pair["label"].affine[0, 3] += 1e-3  # as a header's rounding may do
        self.assertEqual(CheckPaird(["image", "label"])(self.pair).keys(), self.pair.keys())

    @parameterized.expand(["RAS", "LPS", "PIR", "SAL", "IRP"])
    def test_label_stored_in_another_order_of_the_axes_is_stored_in_that_of_its_image(self, axes: str) -> None:
        affine = np.array([[-1.5, 0.1, 0, 60], [0.1, 1.5, 0, -50], [0, 0, 4, 10], [0, 0, 0, 1.0]])
        image = nib.Nifti1Image(np.arange(120, dtype=np.float32).reshape(4, 5, 6), affine)
        change = nib.orientations.ornt_transform(
            nib.orientations.io_orientation(affine), nib.orientations.axcodes2ornt(axes)
        )
        stored = image.as_reoriented(change)
        pair = {
            key: MetaTensor(torch.tensor(np.asarray(volume.dataobj).copy()), affine=torch.tensor(volume.affine))
            for key, volume in (("image", image), ("label", stored))
        }
        pair["label"].meta["filename_or_obj"] = "/data/labelsTr/case_1.nii.gz"
        label = CheckPaird(["image", "label"])(pair)["label"]
        self.assertTrue(torch.equal(label.as_tensor(), pair["image"].as_tensor()))
        np.testing.assert_allclose(np.asarray(label.affine), affine, atol=1e-9)
        np.testing.assert_allclose(label.meta["original_affine"], affine, atol=1e-9)
        self.assertEqual(tuple(label.meta["spatial_shape"]), (4, 5, 6))
        self.assertEqual(label.meta["filename_or_obj"], "/data/labelsTr/case_1.nii.gz")

    def test_label_of_another_shape_is_refused_by_name(self) -> None:
        self.pair["label"] = self.pair["label"][..., :5]
        with self.assertRaisesRegex(
            InputError, r"labelsTr/case_1.*imagesTs/case_1.*\(4, 5, 6\), but found \(4, 5, 5\)"
        ):
            CheckPaird(["image", "label"])(self.pair)

    def test_label_with_another_affine_is_refused_by_name(self) -> None:
        self.pair["label"].affine[0, 0] = -1
        with self.assertRaisesRegex(InputError, "labelsTr/case_1.*expected the affine of .*imagesTs/case_1"):
            CheckPaird(["image", "label"])(self.pair)


def mask_of(shape: tuple[int, ...] = (4, 5, 6), affine: np.ndarray = AFFINE) -> MetaTensor:
    meta = {"filename_or_obj": FILE, "original_affine": AFFINE, "spatial_shape": np.array([4, 5, 6])}
    return MetaTensor(torch.zeros(1, *shape), affine=torch.as_tensor(affine), meta=meta)


class TestCheckGridd(unittest.TestCase):
    def test_mask_on_the_grid_of_its_file_passes(self) -> None:
        mask = mask_of()
        self.assertIs(CheckGridd("pred")({"pred": mask})["pred"], mask)

    def test_mask_of_a_file_with_a_trailing_axis_passes(self) -> None:
        mask = mask_of()
        mask.meta["spatial_shape"] = np.array([4, 5, 6, 1])
        CheckGridd("pred")({"pred": mask})

    def test_plain_tensor_raises(self) -> None:
        with self.assertRaisesRegex(InputError, "A mask has lost its meta data"):
            CheckGridd("pred")({"pred": torch.zeros(1, 4, 5, 6)})

    def test_meta_tensor_without_its_files_grid_raises(self) -> None:
        with self.assertRaisesRegex(InputError, "lost its meta data"):
            CheckGridd("pred")({"pred": MetaTensor(torch.zeros(1, 4, 5, 6))})

    def test_other_shape_raises(self) -> None:
        with self.assertRaises(InputError) as raised:
            CheckGridd("pred")({"pred": mask_of((5, 4, 6))})
        for part in (FILE, "(5, 4, 6)", "(4, 5, 6)"):
            self.assertIn(part, str(raised.exception))

    @parameterized.expand([("flipped", 0, 2, -2.0), ("shifted", 2, 3, 7.1)])
    def test_other_affine_raises(self, _: str, row: int, column: int, value: float) -> None:
        affine = AFFINE.copy()
        affine[row, column] = value
        with self.assertRaises(InputError) as raised:
            CheckGridd("pred")({"pred": mask_of(affine=affine)})
        for part in (FILE, str(affine.tolist()), str(AFFINE.tolist())):
            self.assertIn(part, str(raised.exception))

    def test_rounding_of_the_affine_is_fine(self) -> None:
        CheckGridd("pred")({"pred": mask_of(affine=AFFINE + 1e-5)})


if __name__ == "__main__":
    unittest.main()
