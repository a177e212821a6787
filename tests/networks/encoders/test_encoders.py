# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from itertools import product

import torch
from monai.networks.nets import EfficientNetEncoder
from parameterized import parameterized

from monai_unet3plus.networks.blocks import BlockFactory
from monai_unet3plus.networks.encoders import build_encoder
from monai_unet3plus.networks.encoders.sizes import cropped_to_levels

FEATURES = (4, 4, 8, 12, 16)
BACKBONES = (None, "resnet10", "resnet101", "efficientnet-b0")
SHAPES = [(2, (32, 48)), (2, (47, 63)), (3, (33, 32, 45))]


class TestEncoders(unittest.TestCase):
    @parameterized.expand(list(product(BACKBONES, SHAPES)))
    def test_each_level_is_half_of_the_one_before_rounded_down(self, backbone: str | None, shape: tuple) -> None:
        dims, size = shape
        encoder = build_encoder(backbone, BlockFactory(dims), 2, FEATURES).eval()
        with torch.no_grad():
            maps = encoder(torch.rand(1, 2, *size))
        self.assertEqual([x.shape[1] for x in maps], encoder.channels)
        self.assertEqual([list(x.shape[2:]) for x in maps], [[n // 2**k for n in size] for k in range(5)])

    def test_maps_are_cropped_at_the_far_border(self) -> None:
        maps = [torch.rand(1, 2, 12, 9), torch.rand(1, 2, 6, 5)]
        first, second = cropped_to_levels(maps, 2, [47, 33])
        torch.testing.assert_close(first, maps[0][:, :, :11, :8])
        torch.testing.assert_close(second, maps[1][:, :, :5, :4])

    @parameterized.expand([(name,) for name in BACKBONES])
    def test_checkpointing_trains_the_same(self, backbone: str | None) -> None:
        x, gradients = torch.rand(2, 3, 32, 32), []
        for use_checkpoint in (False, True):
            torch.manual_seed(0)
            encoder = build_encoder(backbone, BlockFactory(2, use_checkpoint=use_checkpoint), 3, FEATURES)
            sum(x.square().mean() for x in encoder(x)).backward()
            gradients.append([p.grad for p in encoder.parameters() if p.requires_grad])
        for expected, found in zip(*gradients):
            torch.testing.assert_close(found, expected)

    def test_registered_encoder_gives_its_own_maps(self) -> None:
        encoder = build_encoder("efficientnet-b0", BlockFactory(2), 3, FEATURES).eval()
        own = EfficientNetEncoder("efficientnet-b0", pretrained=False).eval()
        own.load_state_dict(encoder.encoder.state_dict())
        x = torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            for found, expected in zip(encoder(x)[1:], own(x)):
                torch.testing.assert_close(found, expected)

    @parameterized.expand(
        [
            ("vgg16", FEATURES, "`backbone` to be None or one of resnet10.*efficientnet-b0.*but got 'vgg16'"),
            ("resnet50", (4, 8, 16, 30, 64), r"`features` to fit backbone 'resnet50'.*multiple of 4.*\(16, 30, 64\)"),
            ("resnet18", (4, 8), r"`features` to fit backbone 'resnet18'.*1 to 4 channels.*\(\)"),
            ("resnet18", (4, 8, 16, 16, 16, 16, 16), "1 to 4 channels"),
            ("efficientnet-b0", (4,) * 7, "at most 6 levels for backbone 'efficientnet-b0'"),
        ]
    )
    def test_ill_arguments_are_named(self, backbone: str, features: tuple[int, ...], message: str) -> None:
        with self.assertRaisesRegex(ValueError, message):
            build_encoder(backbone, BlockFactory(2), 3, features)


if __name__ == "__main__":
    unittest.main()
