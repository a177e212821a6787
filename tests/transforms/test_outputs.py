# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from typing import Any

import torch
from parameterized import parameterized

from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import FinestOutputd

FINEST, COARSE, PRESENCE = torch.rand(1, 4, 4), torch.rand(1, 4, 4), torch.rand(1, 2)
CASES = [
    ("tensor", FINEST),
    ("side_outputs", [FINEST, COARSE]),
    ("tensor_and_presence", (FINEST, PRESENCE)),
    ("side_outputs_and_presence", ([FINEST, COARSE], PRESENCE)),
]


class TestFinestOutputd(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_finest_logits_are_picked(self, _: str, output: Any) -> None:
        self.assertIs(FinestOutputd("pred")({"pred": output})["pred"], FINEST)

    @parameterized.expand([(False, False), (False, True), (True, False), (True, True)])
    def test_network_in_training_mode_fits(self, deep_supervision: bool, classification_guided: bool) -> None:
        network = UNet3Plus(
            features=(2, 4, 8), deep_supervision=deep_supervision, classification_guided=classification_guided
        )
        out = FinestOutputd("pred")({"pred": network.train()(torch.rand(2, 3, 8, 8))})["pred"]
        self.assertEqual(tuple(out.shape), (2, 1, 8, 8))

    def test_other_keys_are_left_alone(self) -> None:
        data = {"pred": [FINEST], "label": [COARSE]}
        self.assertIs(FinestOutputd("pred")(data)["label"], data["label"])
        self.assertEqual(data["pred"], [FINEST])


if __name__ == "__main__":
    unittest.main()
