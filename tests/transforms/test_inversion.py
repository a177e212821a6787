# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.transforms.inversion."""

from __future__ import annotations

import pickle
import unittest

import torch
from monai.data import MetaTensor
from monai.transforms import Compose, Flipd, Orientationd, RandFlipd, Rotate90d, SpatialPadd
from parameterized import parameterized

from monai_unet3plus.transforms import ProcessSafeInvertd

KEYS = ["image", "label"]
CASES = [
    ["orientation", [Orientationd(KEYS, "RAS", labels=None)]],
    ["two_of_a_class", [Flipd(KEYS, 0), Rotate90d(KEYS, spatial_axes=(0, 2)), Flipd(KEYS, 1), SpatialPadd(KEYS, 7)]],
    ["others_for_the_other_key", [Flipd("image", 0), Rotate90d("label"), Flipd("label", 1), Flipd("label", 2)]],
    ["nested_and_random", [Compose([Flipd(KEYS, 0), RandFlipd(KEYS, prob=0.5, spatial_axis=1)]), Flipd(KEYS, 2)]],
]


def from_worker(preprocessing: Compose, item: dict[str, MetaTensor]) -> dict[str, MetaTensor]:
    """The item as a process preprocesses it that was not forked: transforms and items are pickled between them."""
    return pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(preprocessing))(item)))


class TestProcessSafeInvertd(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_brings_back_what_a_worker_that_was_not_forked_preprocessed(self, _: str, transforms: list) -> None:
        preprocessing = Compose(transforms)
        affine = torch.tensor([[0, 0, -2, 5], [-1.5, 0, 0, 9], [0, 3, 0, -7], [0, 0, 0, 1.0]], dtype=torch.float64)
        original = {key: MetaTensor(torch.arange(60.0).view(1, 3, 4, 5), affine=affine) for key in KEYS}
        item = from_worker(preprocessing, original)
        image = item["image"]
        pred = MetaTensor(item["image"].as_tensor().clone(), meta=dict(item["image"].meta))
        invert = ProcessSafeInvertd(["pred", "label"], preprocessing, ["image", "label"], nearest_interp=True)
        out = invert({**item, "pred": pred})
        for key, expected in (("pred", original["image"]), ("label", original["label"])):
            torch.testing.assert_close(out[key].as_tensor(), expected.as_tensor())
            torch.testing.assert_close(out[key].affine, affine)
        self.assertIs(out["image"], image)

    def test_other_transforms_than_were_applied_raise(self) -> None:
        item = from_worker(Compose([Flipd("image", 0)]), {"image": MetaTensor(torch.zeros(1, 2, 2, 2))})
        invert = ProcessSafeInvertd("pred", Compose([Rotate90d("image")]), "image")
        with self.assertRaisesRegex(RuntimeError, "Rotate90d.inverse"):
            invert({**item, "pred": MetaTensor(torch.zeros(1, 2, 2, 2))})


if __name__ == "__main__":
    unittest.main()
