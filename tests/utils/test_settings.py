# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import unittest

import numpy as np
from monai.inferers import SlidingWindowInferer
from monai.transforms import Compose, LoadImaged, ScaleIntensityRanged
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.transforms import logits_to_label_map
from monai_unet3plus.utils.settings import settings_to_json


def inferer(overlap: float = 0.25, **options: object) -> AdjacentSliceInferer:
    return AdjacentSliceInferer(
        SlidingWindowInferer((32, 32), overlap=overlap, mode="gaussian"), postprocess=logits_to_label_map, **options
    )


def chain(low: float = -200) -> Compose:
    return Compose([LoadImaged("image"), ScaleIntensityRanged("image", low, 250, 0, 1, clip=True)])


class TestDescribed(unittest.TestCase):
    @parameterized.expand([(inferer,), (chain,), (lambda: {"a": [1, 2.5, None, "x", np.int64]},)])
    def test_equal_settings_give_equal_json(self, make: object) -> None:
        first, second = (json.dumps(settings_to_json(make())) for _ in range(2))  # type: ignore[operator]
        self.assertEqual(first, second)
        self.assertNotIn("0x", first)  # no addresses in memory

    @parameterized.expand(
        [
            ("overlap", inferer(), inferer(overlap=0.5)),
            ("air", inferer(), inferer(air_threshold=0.0)),
            ("window", chain(), chain(-100)),
            ("private", LoadImaged("image"), LoadImaged("image", reader="NibabelReader", affine_lps_to_ras=False)),
            ("array", {"a": np.eye(2)}, {"a": np.zeros((2, 2))}),
            ("order", {"liver": 1, "spleen": 2}, {"spleen": 2, "liver": 1}),
        ]
    )
    def test_other_settings_give_another(self, _: str, first: object, second: object) -> None:
        self.assertNotEqual(json.dumps(settings_to_json(first)), json.dumps(settings_to_json(second)))

    def test_what_has_no_effect_is_left_out(self) -> None:
        self.assertEqual(settings_to_json(inferer()), settings_to_json(inferer(progress=True, slice_batch_size=4)))


if __name__ == "__main__":
    unittest.main()
