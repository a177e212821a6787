# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
import torch.nn as nn
import torch.nn.functional as F
from parameterized import parameterized

from monai_unet3plus.networks.blocks import BlockFactory, FullScaleNode

CHANNELS = [8, 160, 12, 24]  # of maps of levels 0 to 3; a node has 160, which are enough for Winograd's form
CASES = [
    (level, size, dtype)
    for level, size in ((0, (24, 40)), (0, (37, 29)), (1, (51, 42)))
    for dtype in (torch.float32, torch.float64, torch.bfloat16)
]


def node_and_maps(level: int, size: tuple[int, int], dtype: torch.dtype) -> tuple[FullScaleNode, list[torch.Tensor]]:
    torch.manual_seed(0)
    node = FullScaleNode(BlockFactory(2), CHANNELS, level, branch_channels=40).eval().to(dtype)
    for module in node.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    maps = [torch.randn(2, c, size[0] >> k, size[1] >> k).to(dtype) for k, c in enumerate(CHANNELS)]
    return node, [x.contiguous(memory_format=torch.channels_last) for x in maps]


def equation_1(node: FullScaleNode, maps: list[torch.Tensor]) -> torch.Tensor:
    """The paper's node as it is written there, in float64."""

    def norm(x: torch.Tensor, conv: nn.Conv2d, adn: nn.Module) -> torch.Tensor:
        x = F.conv2d(x, conv.weight.double(), conv.bias.double(), padding=1)
        norm = (x.double() for x in (adn.N.running_mean, adn.N.running_var, adn.N.weight, adn.N.bias))
        return F.relu(F.batch_norm(x, *norm, eps=adn.N.eps))

    branches, size = [], maps[node.level].shape[2:]
    for level, (x, branch) in enumerate(zip(maps, node.branches)):
        x = x.double()
        if level < node.level:
            x = F.max_pool2d(x, 2 ** (node.level - level))
        elif level > node.level:
            x = F.interpolate(x, size=size, mode="bilinear")
        branches.append(norm(x, branch.conv, branch.adn))
    return norm(torch.cat(branches, dim=1), node.fusion.conv, node.fusion.adn)


class TestFullScaleNode(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_equals_equation_1_and_leaves_the_maps_alone(
        self, level: int, size: tuple[int, int], dtype: torch.dtype
    ) -> None:
        node, maps = node_and_maps(level, size, dtype)
        given, before = list(maps), [x.clone() for x in maps]
        tolerance = 0.03 if dtype == torch.bfloat16 else 1e-5
        with torch.no_grad():
            expected = equation_1(node, maps)
            for release in (False, True):
                found = node(maps, release).double()
                torch.testing.assert_close(found, expected, rtol=0, atol=tolerance * float(expected.max()))
                self.assertEqual(len(maps), 0 if release else len(given))
        for x, kept in zip(given, before):
            self.assertTrue(torch.equal(x, kept))

    def test_hooks_see_the_gathered_maps_as_they_were(self) -> None:
        node, maps = node_and_maps(0, (24, 40), torch.float32)
        seen: list[torch.Tensor] = []
        with torch.no_grad():
            expected = node(maps)
            handle = node.act.register_forward_hook(lambda module, args, out: seen.append(out))
            torch.testing.assert_close(node(maps), expected)
            handle.remove()
            torch.testing.assert_close(node.fusion(seen[0]), expected)

    def test_training_is_the_same_with_or_without_gradients(self) -> None:
        node, maps = node_and_maps(0, (24, 40), torch.float32)
        node.train()
        with torch.no_grad():
            expected = node(maps)
        torch.testing.assert_close(node(maps), expected, rtol=0, atol=1e-5 * float(expected.max()))


if __name__ == "__main__":
    unittest.main()
