# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from parameterized import parameterized

from monai_unet3plus.experiments import widen
from monai_unet3plus.handlers.checkpoint import get_trained_organs, save_weights
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.networks.weights.file import load_weights
from monai_unet3plus.utils.errors import InputError
from tests.bundle.workflows import BUNDLE


def make_network(*features: int) -> UNet3Plus:
    torch.manual_seed(1)
    network = UNet3Plus(out_channels=2, features=features, deep_supervision=True, classification_guided=True)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as after a training
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network


class TestWiden(unittest.TestCase):
    def test_wider_network_computes_the_same_and_learns_with_its_new_channels(self) -> None:
        narrow, wide = make_network(4, 8, 8, 8, 8).eval(), make_network(4, 12, 16, 20, 24).eval()
        widen.load_narrower(wide, narrow.state_dict())
        images = torch.randn(2, 3, 32, 48)
        maps, wider_maps = narrow.encode(images), wide.encode(images)
        torch.testing.assert_close(wider_maps[-1][:, :8], maps[-1])
        self.assertGreater(float(wider_maps[-1][:, 8:].detach().std()), 0.01)
        torch.testing.assert_close(wide.presence_head(wider_maps[-1]), narrow.presence_head(maps[-1]))
        torch.testing.assert_close(wide.decode(wider_maps), narrow.decode(maps))
        wide.decode(wider_maps).square().sum().backward()
        alive = wider_maps[-1].detach().amax(dim=(0, 2, 3)) > 0
        gradient = wide.nodes[0].branches[4].conv.weight.grad.abs().amax(dim=(0, 2, 3))
        self.assertTrue(torch.all(gradient[8:][alive[8:]] > 0))

    def test_command_keeps_the_organs_of_the_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder) / "old.pt", Path(folder) / "new.pt"
            save_weights(make_network(4, 8, 8, 8, 8).state_dict(), old, ["liver", "spleen"])
            options = ["--checkpoint", str(old), "--output", str(new), "--bundle_root", str(BUNDLE)]
            with mock.patch.object(sys, "argv", ["", *options, "--features", "4", "8", "8", "8", "16"]):
                widen.main()
            weights = load_weights(new, "checkpoint")
        self.assertEqual(get_trained_organs(weights), ["liver", "spleen"])
        self.assertEqual(weights["presence_head.conv.weight"].shape, (4, 16, 1, 1))

    @parameterized.expand([("narrower", (4, 8, 8, 8, 4)), ("another first level", (6, 8, 8, 8, 8))])
    def test_other_features_are_refused(self, _: str, features: tuple[int, ...]) -> None:
        with self.assertRaisesRegex(InputError, "features: expected at least the channels of the checkpoint"):
            widen.load_narrower(make_network(*features), make_network(4, 8, 8, 8, 8).state_dict())

    def test_another_network_is_refused(self) -> None:
        other = UNet3Plus(out_channels=2, features=(4, 8, 8, 8, 8))
        with self.assertRaisesRegex(InputError, "same network with fewer channels, but .*presence_head"):
            widen.load_narrower(make_network(4, 8, 8, 8, 8), other.state_dict())


if __name__ == "__main__":
    unittest.main()
