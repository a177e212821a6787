# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import OneGraph
from monai_unet3plus.networks.nets import UNet3Plus
from tests.networks.nets.test_unet3plus import gate_first_item, guided


class TestOneGraph(unittest.TestCase):
    @parameterized.expand([(None,), (0.2,)])
    def test_inferer_gives_the_same_as_with_the_network_itself(self, air_threshold: float | None) -> None:
        network = guided()
        slices = gate_first_item(network, torch.stack([torch.rand(3, 64, 48), torch.rand(3, 64, 48) * 3]))
        volume = slices.movedim(0, -1).movedim(1, 0)[1:2]  # (1, 64, 48, 2): the middle channel of each
        volume = torch.cat([volume, torch.zeros_like(volume)], dim=-1)[None]
        windows = SlidingWindowInferer((32, 32), sw_batch_size=3, mode="gaussian")
        infer = AdjacentSliceInferer(windows, return_presence=True, air_threshold=air_threshold)
        with torch.no_grad():
            logits, margins = infer(volume, network)
            others, other_margins = infer(volume, OneGraph(network).eval())
        self.assertGreater(float(logits.std()), 0.1)
        torch.testing.assert_close(others, logits)
        torch.testing.assert_close(other_margins, margins)

    def test_forward_is_called_once_for_each_batch_of_windows(self) -> None:
        graph = OneGraph(guided()).eval()
        calls = []
        graph.register_forward_hook(lambda *_: calls.append(1))
        with torch.no_grad():
            AdjacentSliceInferer()(torch.rand(1, 1, 32, 32, 3), graph)
        self.assertEqual(len(calls), 3)

    def test_traced_graph_takes_any_batch(self) -> None:
        graph = OneGraph(guided()).eval()
        with torch.no_grad():
            traced = torch.jit.trace(graph, torch.rand(1, 3, 32, 32))
            x = torch.rand(3, 3, 32, 32)
            for one, other in zip(traced(x), graph(x), strict=True):
                torch.testing.assert_close(one, other)

    def test_network_without_classifier_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "classification_guided=True"):
            OneGraph(UNet3Plus(features=(2, 4)))


if __name__ == "__main__":
    unittest.main()
