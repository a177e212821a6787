# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map
from monai_unet3plus.utils.errors import InputError


class TestFiniteLogits(unittest.TestCase):
    """Not a number is not above 0, so it would be background without a word."""

    @parameterized.expand(
        [
            ("nan", torch.nan, "heads.0.conv.bias", False),
            ("infinite", torch.inf, "heads.0.conv.bias", True),
            ("classifier", torch.nan, "presence_head.conv.bias", True),
        ]
    )
    def test_others_are_an_error_with_the_slices(self, _: str, value: float, name: str, guided: bool) -> None:
        network = UNet3Plus(features=(4, 8), classification_guided=guided).eval().requires_grad_(False)
        if guided:
            network.presence_head.conv.bias[1::2] += 100.0  # judged present, so it is decoded
        inferer = AdjacentSliceInferer(
            SlidingWindowInferer((8, 8)), slice_batch_size=2, postprocess=logits_to_label_map
        )
        inferer(torch.rand(1, 1, 12, 12, 3), network)
        network.get_parameter(name).fill_(value)
        with self.assertRaisesRegex(InputError, "Expected finite logits, but those of slices 0 to 1"):
            inferer(torch.rand(1, 1, 12, 12, 3), network)


if __name__ == "__main__":
    unittest.main()
