# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

import torch
from monai.data import MetaTensor
from monai.transforms import Rand2DElasticd
from parameterized import parameterized

from monai_unet3plus.transforms import RandElasticd

ARGUMENTS: dict[str, Any] = {
    "keys": ["image", "label"],
    "magnitude_range": (1, 6),
    "rotate_range": 0.2,
    "shear_range": (0.1, 0.1),
    "scale_range": (0.22, 0.22),
    "translate_range": (24, 24),
    "mode": ["bilinear", "nearest"],
    "padding_mode": "border",
}


class TestRandElasticd(unittest.TestCase):
    @parameterized.expand(
        [((96, 96), (40, 40), 1.0), ((95, 80), (20, 40), 1.0), ((64, 96), (16, 16), 0.0), (None, (40, 30), 1.0)]
    )
    def test_is_monais(self, spatial_size: tuple[int, int] | None, spacing: tuple[int, int], prob: float) -> None:
        torch.manual_seed(0)
        image = torch.nn.functional.interpolate(torch.randn(1, 3, 16, 14), size=(128, 112), mode="bicubic")[0] * 100
        data = {"image": MetaTensor(image), "label": MetaTensor((image > 20).to(torch.uint8))}
        ours, monais = (
            elastic(spatial_size=spatial_size, spacing=spacing, prob=prob, **ARGUMENTS)
            for elastic in (RandElasticd, Rand2DElasticd)
        )
        # MONAI's draws once more than it uses
        with mock.patch.object(monais.rand_2d_elastic, "randomize"):
            for seed in range(3):
                found, wanted = (t.set_random_state(seed)(data) for t in (ours, monais))
                torch.testing.assert_close(found["image"], wanted["image"], atol=0.05, rtol=0)
                self.assertEqual(found["label"].dtype, wanted["label"].dtype)
                self.assertLess(float((found["label"] != wanted["label"]).float().mean()), 1e-3)
                torch.testing.assert_close(found["image"].affine, wanted["image"].affine)


if __name__ == "__main__":
    unittest.main()
