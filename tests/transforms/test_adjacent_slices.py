# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import (
    AdjacentSlicesToChannels,
    AdjacentSlicesToChannelsd,
    AdjacentSlicesToChannelsD,
    AdjacentSlicesToChannelsDict,
)

AFFINE = np.diag([0.7, 0.8, 5.0, 1.0])
CONTAINERS: list[tuple[str, Callable[[np.ndarray], Any]]] = [
    ("numpy", np.asarray),
    ("tensor", torch.as_tensor),
    ("meta_tensor", lambda array: MetaTensor(array, affine=AFFINE)),
]
CASES = [
    (f"{name}_dim{dim}_of_{num_slices}", container, dim, num_slices)
    for name, container in CONTAINERS
    for dim in (0, 1, 2)
    for num_slices in (1, 3, 5)
]
WRONG_SHAPES = [
    ("two_channels", (2, 4, 5, 3)),
    ("no_channel", (4, 5, 3)),
    ("batch", (1, 1, 4, 5, 3)),
    ("too_few_slices", (1, 4, 5, 2)),
    ("too_many_slices", (1, 4, 5, 4)),
]


def slab_of(num_slices: int, dim: int) -> np.ndarray:
    shape = [4, 5]
    shape.insert(dim, num_slices)
    return np.random.RandomState(0).rand(1, *shape).astype(np.float32)


class TestAdjacentSlicesToChannels(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_channel_i_is_slice_i(
        self, _: str, container: Callable[[np.ndarray], Any], dim: int, num_slices: int
    ) -> None:
        slab = slab_of(num_slices, dim)
        out = AdjacentSlicesToChannels(num_slices, dim)(container(slab))
        self.assertEqual(tuple(out.shape), (num_slices, 4, 5))
        for i in range(num_slices):
            np.testing.assert_array_equal(np.asarray(out[i]), np.take(slab[0], i, axis=dim))

    @parameterized.expand(CONTAINERS)
    def test_type_and_dtype_are_kept(self, _: str, container: Callable[[np.ndarray], Any]) -> None:
        slab = container(slab_of(3, 2))
        out = AdjacentSlicesToChannels()(slab)
        self.assertIs(type(out), type(slab))
        self.assertEqual(out.dtype, slab.dtype)

    def test_meta_data_are_kept(self) -> None:
        slab = MetaTensor(slab_of(3, 2), affine=AFFINE, meta={"filename_or_obj": "ct.nii.gz"})
        out = AdjacentSlicesToChannels()(slab)
        np.testing.assert_array_equal(out.affine, AFFINE)
        self.assertEqual(out.meta["filename_or_obj"], "ct.nii.gz")

    @parameterized.expand(WRONG_SHAPES)
    def test_wrong_shape_raises_and_is_named(self, _: str, shape: tuple[int, ...]) -> None:
        with self.assertRaises(ValueError) as raised:
            AdjacentSlicesToChannels()(torch.zeros(shape))
        self.assertIn(str(shape), str(raised.exception))

    def test_slices_along_another_axis_than_said_raise(self) -> None:
        with self.assertRaisesRegex(ValueError, "3 slices along spatial axis 0"):
            AdjacentSlicesToChannels(spatial_dim=0)(torch.zeros(1, 4, 5, 3))


class TestAdjacentSlicesToChannelsd(unittest.TestCase):
    def test_each_key_has_its_number_of_slices(self) -> None:
        image, label = torch.rand(1, 4, 5, 3), torch.rand(1, 4, 5, 1)
        data = {"image": image, "label": label, "case": "a"}
        out = AdjacentSlicesToChannelsd(["image", "label"], num_slices=[3, 1])(data)
        self.assertTrue(torch.equal(out["image"], image[0].permute(2, 0, 1)))
        self.assertTrue(torch.equal(out["label"], label[..., 0]))
        self.assertEqual(out["case"], "a")
        self.assertIs(data["image"], image, "the caller's dictionary was changed")

    def test_one_number_counts_for_every_key(self) -> None:
        data = {"a": torch.rand(1, 5, 4, 4), "b": torch.rand(1, 5, 4, 4)}
        out = AdjacentSlicesToChannelsd(["a", "b"], num_slices=5, spatial_dim=0)(data)
        for key, slab in data.items():
            self.assertTrue(torch.equal(out[key], slab[0]))

    def test_missing_keys_raise_unless_allowed(self) -> None:
        data = {"image": torch.rand(1, 4, 5, 3)}
        with self.assertRaises(KeyError):
            AdjacentSlicesToChannelsd(["image", "label"])(data)
        out = AdjacentSlicesToChannelsd(["label", "image"], num_slices=[1, 3], allow_missing_keys=True)(data)
        self.assertEqual(tuple(out["image"].shape), (3, 4, 5))

    def test_aliases_are_one_class(self) -> None:
        self.assertIs(AdjacentSlicesToChannelsD, AdjacentSlicesToChannelsd)
        self.assertIs(AdjacentSlicesToChannelsDict, AdjacentSlicesToChannelsd)


if __name__ == "__main__":
    unittest.main()
