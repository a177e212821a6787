# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet, UNet++, Attention U-Net, PSPNet and the DeepLabs."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from itertools import product

import torch
import torch.nn as nn
import torch.nn.functional as F
from monai.networks.blocks import ADN
from monai.networks.nets import AttentionUnet
from parameterized import parameterized

from monai_unet3plus.networks import load_imagenet_weights, prepare_for_inference
from monai_unet3plus.networks.blocks import UpwardNode
from monai_unet3plus.networks.nets import (
    AuthorsUNet,
    AuthorsUNetPlusPlus,
    BatchNormAttentionUnet,
    DeepLabV2,
    DeepLabV3,
    DeepLabV3Plus,
    PSPNet,
)

FEATURES = (4, 8, 12, 16, 20)
PARAMETERS = [
    (AuthorsUNet, {}, 39_396_033),
    (AuthorsUNetPlusPlus, {}, 47_176_132),
    (AuthorsUNet, {"backbone": "resnet101"}, 48_341_249),
    (AuthorsUNetPlusPlus, {"backbone": "resnet101"}, 56_121_348),
    (DeepLabV2, {}, 42_573_892),
    (DeepLabV3, {}, 58_625_857),  # as segmentation_models_pytorch's
    (DeepLabV3Plus, {}, 59_339_169),
    (PSPNet, {}, 65_574_465),
]
NETWORKS = [
    (AuthorsUNet, {"features": FEATURES}),
    (AuthorsUNet, {"features": FEATURES, "backbone": "resnet50"}),
    (AuthorsUNetPlusPlus, {"features": FEATURES}),
    (AuthorsUNetPlusPlus, {"features": FEATURES, "backbone": "resnet18"}),
    (DeepLabV2, {"features": (8, 16, 24, 32), "backbone": "resnet50"}),
    (DeepLabV3, {"features": (8, 16, 24, 32), "backbone": "resnet50"}),
    (DeepLabV3Plus, {"features": (8, 16, 24, 32), "backbone": "resnet50"}),
    (PSPNet, {"features": (8, 16, 24, 32), "backbone": "resnet50"}),
]


def trained(network: nn.Module) -> nn.Module:
    """With weights whose logits differ from pixel to pixel, and batch norm that is not trivial."""
    torch.manual_seed(0)
    for tensor in network.state_dict().values():
        if tensor.dim() > 2:
            nn.init.kaiming_normal_(tensor, nonlinearity="relu")
        elif tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    return network.eval()


class TestPublished(unittest.TestCase):
    """Against independent re-statements."""

    @parameterized.expand(PARAMETERS)
    def test_parameter_count(self, network: Callable[..., nn.Module], options: dict, count: int) -> None:
        with torch.device("meta"):
            parameters = network(**options).parameters()
        self.assertEqual(sum(parameter.numel() for parameter in parameters), count)

    @staticmethod
    def convolved_twice(state: dict[str, torch.Tensor], prefix: str, x: torch.Tensor) -> torch.Tensor:
        for conv in (f"{prefix}.conv_0", f"{prefix}.conv_1"):
            x = F.conv2d(x, state[f"{conv}.conv.weight"], state[f"{conv}.conv.bias"], padding=1)
            norm = f"{conv}.adn.N"
            if f"{norm}.weight" in state:
                names = ("running_mean", "running_var", "weight", "bias")
                x = F.batch_norm(x, *(state[f"{norm}.{name}"] for name in names))
            x = x.relu()
        return x

    def encoded(self, state: dict[str, torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for level in range(5):
            x = self.convolved_twice(state, f"encoder.levels.{level}.1", F.max_pool2d(x, 2) if level else x)
            maps.append(x)
        return maps

    def node(
        self, state: dict[str, torch.Tensor], prefix: str, below: torch.Tensor, *maps: torch.Tensor
    ) -> torch.Tensor:
        weight, bias = state[f"{prefix}.up.weight"], state[f"{prefix}.up.bias"]
        up = F.conv_transpose2d(below, weight, bias, stride=2, padding=1)
        return self.convolved_twice(state, f"{prefix}.convs", torch.cat([up, *maps], dim=1))

    def test_unet(self) -> None:
        network, x = trained(AuthorsUNet(features=FEATURES)), torch.rand(2, 3, 32, 48)
        state = network.state_dict()
        maps = self.encoded(state, x)
        y = maps[4]
        for step, level in enumerate((3, 2, 1, 0)):
            y = self.node(state, f"nodes.{step}", y, maps[level])
        expected = F.conv2d(y, state["head.conv.weight"], state["head.conv.bias"], padding=1)
        with torch.no_grad():
            torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))

    def test_unetplusplus(self) -> None:
        network, x = trained(AuthorsUNetPlusPlus(features=FEATURES)), torch.rand(2, 3, 32, 48)
        state = network.state_dict()
        nodes = {(level, 0): encoded for level, encoded in enumerate(self.encoded(state, x))}
        for column in range(1, 5):
            for level in range(5 - column):
                before = [nodes[level, k] for k in range(column)]
                nodes[level, column] = self.node(
                    state, f"columns.{column - 1}.{level}", nodes[level + 1, column - 1], *before
                )
        outputs = [
            F.conv2d(nodes[0, k], state[f"heads.{k - 1}.weight"], state[f"heads.{k - 1}.bias"]) for k in (1, 2, 3, 4)
        ]
        expected = sum(outputs) / 4
        with torch.no_grad():
            torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))

    def test_deeplabv2_has_output_stride_8_and_the_weights_and_reach_of_its_resnet(self) -> None:
        network = DeepLabV2(features=(8, 16, 24, 32), backbone="resnet50").eval()
        maps = network.resnet(torch.rand(1, 3, 64, 48))
        self.assertEqual([tuple(x.shape[1:]) for x in maps], [(8, 16, 12), (16, 8, 6), (24, 8, 6), (32, 8, 6)])
        dilations = [
            {m.dilation[0] for m in layer.modules() if isinstance(m, nn.Conv2d)} for layer in network.resnet.layers
        ]
        self.assertEqual(dilations, [{1}, {1}, {1, 2}, {1, 4}])
        with self.assertRaisesRegex(ValueError, "lacks|does not exist"):
            load_imagenet_weights(network, "no_file.pth")

    def test_attention_unet_is_monais_with_batch_norm_where_maps_are_merged(self) -> None:
        options = {"channels": (4, 8, 16), "strides": (2, 2)}
        network, monais = BatchNormAttentionUnet(2, 3, 1, **options), AttentionUnet(2, 3, 1, **options)
        names = {name: type(module) for name, module in network.named_modules()}
        for name, module in monais.named_modules():
            if name and "merge.adn" not in name:
                self.assertIs(names.pop(name), type(module), name)
        self.assertEqual(set(names.values()) - {BatchNormAttentionUnet}, {ADN, nn.BatchNorm2d, nn.ReLU})
        merge = trained(network).model[1].merge
        x = torch.randn(2, 8, 6, 6)
        norm = merge.adn.N
        by_hand = F.conv2d(x, merge.conv.weight, merge.conv.bias, padding=1)
        by_hand = F.batch_norm(by_hand, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        torch.testing.assert_close(merge(x), F.relu(by_hand))

    @parameterized.expand([(PSPNet, 8), (DeepLabV3, 8), (DeepLabV3Plus, 16)])
    def test_the_others_have_the_output_strides_of_their_papers(
        self, network: Callable[..., nn.Module], stride: int
    ) -> None:
        deepest = network(features=(8, 16, 24, 32), backbone="resnet18").eval().resnet(torch.rand(1, 3, 64, 96))[-1]
        self.assertEqual(deepest.shape[2:], (64 // stride, 96 // stride))

    @parameterized.expand([(AuthorsUNet,), (AuthorsUNetPlusPlus,)])
    def test_maps_do_not_fade_in_a_decoder_without_norm(self, network: Callable[..., nn.Module]) -> None:
        torch.manual_seed(0)
        net, maps = network(), []
        for node in net.modules():
            if isinstance(node, UpwardNode):
                node.register_forward_hook(lambda *args: maps.append(args[-1]))
        with torch.no_grad():
            net(torch.rand(2, 3, 64, 64))
        self.assertGreater(min(float(x.std()) for x in maps), 0.3)  # with PyTorch's own weights the last has 0.05

    def test_deeplabv2_sums_the_dilated_convolutions(self) -> None:
        network, x = trained(DeepLabV2(features=(8, 16, 24, 32), backbone="resnet18")), torch.rand(1, 3, 64, 64)
        with torch.no_grad():
            deepest = network.resnet(x)[-1]
            sums = sum(
                F.conv2d(deepest, conv.weight, conv.bias, padding=rate, dilation=rate)
                for rate, conv in zip((6, 12, 18, 24), network.aspp)
            )
            expected = F.interpolate(sums, scale_factor=8, mode="bilinear")
            torch.testing.assert_close(network(x), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


class TestContract(unittest.TestCase):
    @parameterized.expand(product(NETWORKS, [(2, (32, 48)), (2, (33, 47)), (3, (17, 18, 35))]))
    def test_any_size_gives_logits_of_that_size_and_every_parameter_a_gradient(self, case: tuple, shape: tuple) -> None:
        (network, options), (dims, size) = case, shape
        net = network(dims, 2, 3, **options)
        out = net.train()(torch.rand(2, 2, *size))
        self.assertEqual(out.shape, (2, 3, *size))
        ((out - 1) ** 2).mean().backward()
        self.assertEqual([name for name, parameter in net.named_parameters() if parameter.grad is None], [])

    @parameterized.expand(NETWORKS)
    def test_prepared_network_gives_the_same(self, network: Callable[..., nn.Module], options: dict) -> None:
        net, x = trained(network(**options)), torch.rand(1, 3, 33, 47)
        with torch.no_grad():
            expected = net(x)
            tolerance = 1e-5 * float(expected.abs().max())
            torch.testing.assert_close(prepare_for_inference(net)(x), expected, rtol=0, atol=tolerance)
            self.assertEqual(prepare_for_inference(net, torch.bfloat16)(x).dtype, torch.float32)

    @parameterized.expand(NETWORKS[::2])
    def test_scripted_network_gives_the_same(self, network: Callable[..., nn.Module], options: dict) -> None:
        net, x = trained(network(**options)), torch.rand(1, 3, 33, 47)
        with torch.no_grad():
            expected = net(x)
            tolerance = 1e-5 * float(expected.abs().max())
            torch.testing.assert_close(torch.jit.script(net)(x), expected, rtol=0, atol=tolerance)

    @parameterized.expand(
        [
            (AuthorsUNet, {"backbone": "vgg"}, "backbone.*got 'vgg'"),
            (AuthorsUNetPlusPlus, {"features": (8, 8, 6), "backbone": "resnet50"}, "multiple of 4"),
            (DeepLabV2, {"features": (8, 8, 8)}, r"features.*got \(8, 8, 8\)"),
        ]
    )
    def test_ill_arguments_are_named(self, network: Callable[..., nn.Module], options: dict, message: str) -> None:
        with self.assertRaisesRegex(ValueError, message):
            network(**options)


if __name__ == "__main__":
    unittest.main()
