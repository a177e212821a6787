# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch.nn as nn

from monai_unet3plus.experiments.compare.cost import build, count_gflop
from monai_unet3plus.networks.nets import UNet3Plus
from tests.bundle.workflows import BUNDLE

NARROW = {"features": [4, 8, 16, 32, 64], "organs": {"liver": 1}}


class TestCost(unittest.TestCase):
    def test_a_convolution_costs_what_is_counted_by_hand(self) -> None:
        network = nn.Conv2d(3, 2, kernel_size=3, padding=1, bias=False)
        self.assertAlmostEqual(count_gflop(network, (1, 3, 32, 32)), 2 * 3 * 2 * 9 * 32 * 32 / 1e9)

    def test_the_module_does_not_make_a_random_network_look_cheap(self) -> None:
        plain, guided = (
            count_gflop(UNet3Plus(features=(4, 8), classification_guided=guided), (1, 3, 32, 32))
            for guided in (False, True)
        )
        self.assertGreater(guided, plain)

    def test_a_system_is_what_its_config_says(self) -> None:
        losses = {
            "unet3plus": "focal",
            "unet3plus_hybrid": "focal + MS-SSIM + IoU",
            "pspnet": "cross-entropy",
            "attention_unet": "Dice",
        }
        for system, loss in losses.items():
            built = build(BUNDLE, system, NARROW)
            self.assertEqual(built.loss_in_words, loss)
            self.assertEqual(built.parameters, sum(p.numel() for p in built.network.parameters()))


if __name__ == "__main__":
    unittest.main()
