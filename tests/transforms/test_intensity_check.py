# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from collections.abc import Callable

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import CheckIntensityd
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.transforms.intensity_check"


def ct() -> np.ndarray:
    """Air, a body with fat, soft tissue, lungs and bone, in Hounsfield units."""
    array = np.full((64, 64, 12), -1000.0)
    array[8:-8, 8:-8] = -100
    array[12:-12, 12:-12] = 50
    array[16:24, 20:40, 6:] = -800
    array[30:34, 12:16] = 700
    return array + np.random.default_rng(0).normal(0, 15, array.shape)


def mr() -> np.ndarray:
    return np.abs(ct() + 1000) * 0.7


OTHERS: list[tuple[str, Callable[[], np.ndarray], str]] = [
    ("mr", mr, "values are from"),
    ("offset", lambda: ct() + 1024, "values are from .*; is 1024 to be subtracted?"),
    ("offset_with_padding", lambda: np.where(np.indices((64, 64, 12))[0] < 4, -2000, ct() + 1024), "is 1024 to be"),
    ("scaled", lambda: (ct() + 1024) / 4095, "values are from .* to "),
    ("scaled_around_zero", lambda: (ct() - ct().mean()) / ct().std(), "values are from"),
    ("bytes", lambda: np.clip((ct() + 1000) / 8, 0, 255).astype(np.uint8), "values are from 0 to"),
    ("subtracted_twice", lambda: ct() - 1024, "of the values are from -150 to 250"),
    ("all_padding", lambda: np.full((4, 4, 4), -3024.0), "all values are below -1500"),
]
CTS: list[tuple[str, Callable[[], np.ndarray]]] = [
    ("whole", ct),
    ("cropped_to_fat_and_soft_tissue", lambda: ct()[8:-8, 8:-8, :6]),
    ("padded", lambda: np.where(np.indices((64, 64, 12))[0] < 20, -3024, ct())),
    ("clipped", lambda: np.clip(ct(), -200, 250)),
    ("integers", lambda: ct().astype(np.int16)),
]


def item(array: np.ndarray) -> dict[str, torch.Tensor]:
    return {"image": MetaTensor(torch.as_tensor(array), meta={"filename_or_obj": "a.nii"})}


class TestCheckIntensityd(unittest.TestCase):
    @parameterized.expand(OTHERS)
    def test_what_is_hardly_a_ct_is_refused_warned_of_or_passes(
        self, _: str, make: Callable[[], np.ndarray], found: str
    ) -> None:
        data = item(make())
        sentence = f"a.nii: expected Hounsfield units, .* but .*{found}"
        with self.assertRaisesRegex(
            InputError, f"{sentence}.*give --set intensity_check=warn, or --intensity_check warn to"
        ):
            CheckIntensityd("image", mode="error")(data)
        with self.assertLogs(LOGGER, "WARNING") as log:
            CheckIntensityd("image")(data)
        self.assertRegex(log.output[0], sentence)
        with self.assertNoLogs(LOGGER):
            CheckIntensityd("image", mode="off")(data)

    @parameterized.expand(CTS)
    def test_cts_pass(self, _: str, make: Callable[[], np.ndarray]) -> None:
        CheckIntensityd("image", mode="error")(item(make()))

    def test_image_whose_range_is_known_passes(self) -> None:
        image = torch.as_tensor(np.clip(ct(), 0, 255))
        with self.assertRaises(InputError):
            CheckIntensityd("image", mode="error")({"image": image})
        CheckIntensityd("image", mode="error")({"image": image, "intensity_range": [0, 255]})

    def test_unknown_mode_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "mode"):
            CheckIntensityd("image", mode="loud")


if __name__ == "__main__":
    unittest.main()
