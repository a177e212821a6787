# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import torch
import torch.nn as nn
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.networks.blocks import ImageFormat, full_scale
from monai_unet3plus.networks.blocks.image_format import store_gradient_like
from monai_unet3plus.networks.nets import UNet3Plus


class TestImageFormat(unittest.TestCase):
    def test_images_are_stored_channels_last(self) -> None:
        image = torch.rand(2, 3, 8, 8)
        found = ImageFormat()(image)
        self.assertTrue(found.is_contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(found, image, rtol=0, atol=0)

    def test_meta_data_are_kept_in_evaluation_only(self) -> None:
        image = MetaTensor(torch.rand(1, 3, 8, 8, requires_grad=True))
        self.assertIsInstance(ImageFormat().eval()(image), MetaTensor)
        found = ImageFormat().train()(image)
        self.assertIs(type(found), torch.Tensor)
        self.assertTrue(found.requires_grad)

    def test_volumes_and_graphs_keep_their_layout(self) -> None:
        volume, image = torch.rand(1, 1, 4, 4, 4), torch.rand(1, 3, 8, 8)
        self.assertIs(ImageFormat()(volume), volume)
        self.assertTrue(torch.jit.script(ImageFormat())(image).is_contiguous())
        self.assertTrue(torch.export.export(ImageFormat(), (image,)).module()(image).is_contiguous())

    def test_image_takes_the_type_of_the_weights(self) -> None:
        self.assertEqual(ImageFormat().double()(torch.rand(1, 3, 8, 8)).dtype, torch.float64)


class TestStoreGradientLike(unittest.TestCase):
    @parameterized.expand(
        [
            ("image", (6, 6), torch.channels_last),
            ("volume", (6, 6, 6), torch.channels_last_3d),
            ("contiguous", (6, 6), torch.contiguous_format),
        ]
    )
    def test_a_part_of_a_larger_gradient_is_stored_alone(
        self, _: str, size: tuple, layout: torch.memory_format
    ) -> None:
        for wanted in (True, False):
            first, second = (
                torch.rand(2, 4, *size).contiguous(memory_format=layout).requires_grad_() for _ in range(2)
            )
            strides: list[tuple[int, ...]] = []
            maps = first * 1
            if wanted:
                store_gradient_like(maps)
            maps.register_hook(lambda gradient, found=strides: found.append(gradient.stride()))
            torch.cat([maps, second * 1], dim=1).square().sum().backward()
            self.assertEqual(strides == [maps.stride()], wanted)
            torch.testing.assert_close(first.grad, 2 * first.detach())


class TestTraining(unittest.TestCase):
    def test_volumes_with_channels_last_train(self) -> None:
        torch.manual_seed(0)
        layout = torch.channels_last_3d
        network = UNet3Plus(3, 1, features=(2, 4)).to(memory_format=layout).train()
        network(torch.rand(2, 1, 8, 8, 8).contiguous(memory_format=layout)).sum().backward()
        self.assertTrue(all(parameter.grad is not None for parameter in network.parameters()))

    @parameterized.expand([("batch",), ("instance",)])
    def test_gradients_are_those_of_the_plain_form(self, norm: str) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(features=(4, 6, 8), deep_supervision=True, norm=norm).double().train()
        image = torch.rand(2, 3, 21, 18, dtype=torch.float64)
        found = _gradients(network, image)
        with mock.patch.object(ImageFormat, "forward", lambda _, x: x), mock.patch.object(
            full_scale, "store_gradient_like"
        ):
            expected = _gradients(network, image)
        for a, b in zip(found, expected):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def _gradients(network: nn.Module, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
    loss = torch.stack([(output * (k + 1)).square().mean() for k, output in enumerate(network(image))]).sum()
    return torch.autograd.grad(loss, list(network.parameters()))


if __name__ == "__main__":
    unittest.main()
