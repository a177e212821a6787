# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Array and dictionary forms of the transforms give the same."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus import transforms

AFFINE = torch.diag(torch.tensor([1.5, 0.7, 4.0, 1.0]))


def volume(seed: int = 0) -> MetaTensor:
    values = np.random.RandomState(seed).randint(-200, 300, (12, 10, 5)).astype(np.float32)
    return MetaTensor(values, affine=AFFINE, meta={"original_affine": AFFINE.numpy(), "spatial_shape": values.shape})


def label() -> MetaTensor:
    return MetaTensor((volume().as_tensor() > 100).to(torch.uint8) + (volume().as_tensor() > 200), affine=AFFINE)


# name, arguments, input: each is a transform of one image
ONE_IMAGE: list[tuple[str, dict[str, Any], Callable[[], Any]]] = [
    ("AdjacentSlicesToChannels", {}, lambda: volume()[None, ..., :3]),
    ("CheckGrid", {}, lambda: volume()[None]),
    ("CheckIntensity", {}, volume),
    ("CheckVolume", {"constant": True}, lambda: volume()[..., None]),
    ("FinestOutput", {}, lambda: ([torch.ones(2), torch.zeros(2)], torch.zeros(1))),
    ("LabelMapToMasks", {"num_organs": 2}, lambda: label()[None]),
    ("LoadCT", {}, volume),
    ("RandClipIntensity", {"prob": 1.0}, volume),
    ("RandElastic", {"spacing": (4, 4), "magnitude_range": (1, 2), "prob": 1.0}, lambda: volume()[None, ..., 0]),
    ("ResamplePlane", {"pixel_size": 2.0}, lambda: volume()[None]),
    ("SelectOrgans", {"organs": {"liver": [1, 2]}}, label),
    ("WindowIntensity", {"window": (-100, 200)}, lambda: volume()[None]),
]
# compared in tests of their own
ELSEWHERE = {"CheckPair", "RandSlabCrop", "SaveDicomSeg", "SaveImage"}


def seeded(transform: Any) -> Any:
    return transform.set_random_state(1) if hasattr(transform, "set_random_state") else transform


class TestBothForms(unittest.TestCase):
    @parameterized.expand(ONE_IMAGE)
    def test_dictionary_form_does_the_same(self, name: str, arguments: dict[str, Any], make: Callable[[], Any]) -> None:
        expected = seeded(getattr(transforms, name)(**arguments))(make())
        item = {"one": make(), "two": make(), "rest": "as it was"}
        out = seeded(getattr(transforms, f"{name}d")(["one", "two"], **arguments))(item)
        for key in ("one", "two"):
            torch.testing.assert_close(torch.as_tensor(out[key]), torch.as_tensor(expected), rtol=0, atol=0)
            if isinstance(expected, MetaTensor):
                torch.testing.assert_close(out[key].affine, expected.affine)
        self.assertEqual(out["rest"], "as it was")

    @parameterized.expand(ONE_IMAGE)
    def test_missing_key_is_passed_over_if_allowed(self, name: str, arguments: dict[str, Any], _: Any) -> None:
        wrapper = getattr(transforms, f"{name}d")
        with self.assertRaises(KeyError):
            wrapper("one", **arguments)({"two": 1})

    def test_pair(self) -> None:
        flipped = MetaTensor(label().as_tensor().flip(0), affine=AFFINE.clone())
        flipped.affine[0] = torch.tensor([-1.5, 0, 0, 1.5 * 11])
        expected = transforms.CheckPair()(volume(), flipped)
        out = transforms.CheckPaird(["image", "label"])({"image": volume(), "label": flipped})
        self.assertTrue(torch.equal(expected, label()))
        self.assertTrue(torch.equal(out["label"], expected))

    def test_slabs(self) -> None:
        arguments: dict[str, Any] = {"spatial_size": (14, 6), "num_samples": 3, "padding_value": -7.0}
        crop = transforms.RandSlabCrop(**arguments, slice_distance=(2.0, 6.0)).set_random_state(2)
        wrapper = transforms.RandSlabCropd(
            ["image", "label"], "label", **{**arguments, "padding_value": (-7.0, 0)}, slice_distance=(2.0, 6.0)
        ).set_random_state(2)
        image, organs = (MetaTensor(v.as_tensor()[None], affine=AFFINE) for v in (volume(), label()))
        pairs, samples = crop(image, organs), wrapper({"image": image, "label": organs})
        self.assertEqual(len(pairs), 3)
        for (image, organs), sample in zip(pairs, samples, strict=True):
            self.assertEqual(tuple(image.shape), (1, 14, 6, 3))
            self.assertTrue(torch.equal(image, sample["image"]))
            self.assertTrue(torch.equal(organs, sample["label"]))

    def test_each_array_form_is_compared(self) -> None:
        synthesis = set(transforms.synthesis.__all__)
        arrays = {name for name in transforms.__all__ if f"{name}d" in transforms.__all__}
        self.assertEqual(arrays - synthesis - ELSEWHERE, {name for name, *_ in ONE_IMAGE})


if __name__ == "__main__":
    unittest.main()
