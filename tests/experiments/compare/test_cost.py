# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.experiments.compare.cost import build, measure

CONFIG = {
    "num_slices": 3,
    "roi_size": [32, 32],
    "width": 2,
    "network_def": {
        "_target_": "torch.nn.Conv2d",
        "in_channels": "@num_slices",
        "out_channels": "@width",
        "kernel_size": 3,
        "padding": 1,
        "bias": False,
    },
    "loss": {"_target_": "monai_unet3plus.losses.UNet3PlusLoss", "lambda_ms_ssim": 0},
}


class TestCost(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.config = Path(folder.name) / "train.json"
        self.config.write_text(json.dumps(CONFIG))

    def test_a_convolution_costs_what_is_counted_by_hand(self) -> None:
        system = build([self.config], {})
        self.assertEqual(system.parameters, 3 * 2 * 9)
        self.assertEqual(system.input_shape, (1, 3, 32, 32))
        self.assertEqual(system.loss, "focal + IoU")
        cost = measure(system, "cpu")
        self.assertAlmostEqual(cost.gflop, 2 * 3 * 2 * 9 * 32 * 32 / 1e9)
        self.assertGreaterEqual(cost.peak_bytes, 2 * 32 * 32 * 4)
        self.assertGreater(cost.slices_per_second, 0)

    def test_the_module_does_not_make_a_random_network_look_cheap(self) -> None:
        network = {"_target_": "monai_unet3plus.networks.nets.UNet3Plus", "features": [4, 8], "out_channels": 2}
        plain, guided = (
            measure(build([self.config], {"network_def": {**network, "classification_guided": guided}}), "cpu").gflop
            for guided in (False, True)
        )
        self.assertGreater(guided, plain)

    def test_overrides_count(self) -> None:
        system = build([self.config], {"width": 5, "roi_size": [-1, -1], "loss": {"_target_": "torch.nn.MSELoss"}})
        self.assertEqual(system.parameters, 3 * 5 * 9)
        self.assertEqual((system.input_shape, system.loss), ((1, 3, 320, 320), "MSELoss"))
        system = build([self.config], {"loss#gamma": 0, "loss#lambda_iou": 0})
        self.assertEqual(system.loss, "cross-entropy")


if __name__ == "__main__":
    unittest.main()
