# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch

from monai_unet3plus.experiments import presence_threshold
from monai_unet3plus.experiments.presence_threshold import set_threshold
from monai_unet3plus.handlers.checkpoint import get_trained_organs, save_weights
from monai_unet3plus.networks.blocks import is_present
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.networks.weights.file import load_weights
from monai_unet3plus.utils.errors import InputError


def small_network() -> UNet3Plus:
    torch.manual_seed(0)
    network = UNet3Plus(out_channels=2, features=(4, 8, 16, 32, 64), classification_guided=True)
    return network.eval()


class TestPresenceThreshold(unittest.TestCase):
    def test_an_organ_is_present_above_that_probability(self) -> None:
        network, images = small_network(), 3 * torch.randn(16, 3, 32, 32)
        with torch.no_grad():
            network.presence_head.conv.weight.mul_(30)
            network.presence_head.conv.bias += torch.tensor([0.0, 1.0, 0.5, 0.0])
            logits = network.presence_head(network.encode(images)[-1])
            probability = logits.softmax(dim=-1)[..., 1]
            threshold = float(probability.quantile(0.7))  # some lie on both sides
            weights = network.state_dict()
            set_threshold(weights, threshold)
            network.load_state_dict(weights)
            found = is_present(network.presence_head(network.encode(images)[-1]))
        self.assertGreater(abs(threshold - 0.5), 0.01)
        clear = (probability - threshold).abs() > 1e-5
        self.assertEqual(found[clear].tolist(), (probability > threshold)[clear].tolist())

    def test_the_file_keeps_all_else(self) -> None:
        network = small_network()
        with tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder) / "old.pt", Path(folder) / "new.pt"
            save_weights(network.state_dict(), old, ["liver", "spleen"])
            arguments = ["", "--checkpoint", str(old), "--threshold", "0.7", "--output", str(new)]
            with mock.patch.object(sys, "argv", arguments):
                presence_threshold.main()
            before, after = (load_weights(path, "checkpoint") for path in (old, new))
        self.assertEqual(get_trained_organs(after), ["liver", "spleen"])
        changed = [name for name in before if not torch.equal(before[name], after[name])]
        self.assertEqual(changed, ["presence_head.conv.bias"])

    def test_wrong_values_are_named(self) -> None:
        weights = small_network().state_dict()
        with self.assertRaisesRegex(InputError, "threshold: .* but got 1"):
            set_threshold(weights, 1)
        del weights["presence_head.conv.bias"]
        with self.assertRaisesRegex(InputError, "classifier"):
            set_threshold(weights, 0.7)


if __name__ == "__main__":
    unittest.main()
