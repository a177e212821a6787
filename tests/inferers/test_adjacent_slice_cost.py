# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory that :py:class:`AdjacentSliceInferer` holds, by counted bytes."""

from __future__ import annotations

import unittest
from collections.abc import Callable

import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map
from tests.memory import peak_bytes

SIZE = 64
NUM_ORGANS = 4
FEW, MANY = 8, 40
WINDOWS = SlidingWindowInferer((48, 48), sw_batch_size=2, overlap=0.25, mode="gaussian")
INNERS = [("whole_slices", None), ("windows", WINDOWS)]


def network_of(guided: bool) -> UNet3Plus:
    torch.manual_seed(0)
    network = UNet3Plus(out_channels=NUM_ORGANS, features=(2, 4, 8), classification_guided=guided).eval()
    if network.presence_head is not None:
        network.presence_head.conv.bias.data = torch.tensor([0.0, 100.0] * NUM_ORGANS)  # an organ in every slice
    return network


class TestMemory(unittest.TestCase):
    @parameterized.expand(
        [
            (f"{name}_guided_{guided}_{kind.__name__}_batches_of_{batch}", inner, guided, kind, batch)
            for name, inner in INNERS
            for guided in (False, True)
            for kind, batch in ((torch.Tensor, 1), (MetaTensor, 2))
        ]
    )
    def test_beyond_volume_and_label_map_it_does_not_grow_with_the_slices(
        self, _: str, inner: Callable | None, guided: bool, kind: type[torch.Tensor], batch: int
    ) -> None:
        network = network_of(guided)
        inferer = AdjacentSliceInferer(inner, slice_batch_size=batch, postprocess=logits_to_label_map)
        beyond = []
        for depth in (FEW, MANY):
            volume = kind(torch.rand(1, 1, SIZE, SIZE, depth))
            label_map = inferer(volume, network)  # not counted: tensors that are made once
            self.assertEqual((label_map.dtype, tuple(label_map.shape)), (torch.uint8, (1, 1, SIZE, SIZE, depth)))
            with torch.inference_mode():
                beyond.append(peak_bytes(lambda volume=volume: inferer(volume, network)) - label_map.numel())
        # A slice of the volume, let alone of its stack or of all logits, has 4 bytes per pixel.
        self.assertLess(beyond[1] - beyond[0], (MANY - FEW) * SIZE * SIZE / 8)

    def test_all_logits_would_be_noticed(self) -> None:
        """The measure itself: without ``postprocess`` the logits of the volume are held."""
        network, volume = network_of(False), torch.rand(1, 1, SIZE, SIZE, MANY)
        with torch.inference_mode():
            inferer = AdjacentSliceInferer(postprocess=logits_to_label_map)
            label_map, logits = (peak_bytes(lambda i=i: i(volume, network)) for i in (inferer, AdjacentSliceInferer()))
        self.assertGreater(logits - label_map, 0.9 * (4 * NUM_ORGANS - 1) * volume.numel())


if __name__ == "__main__":
    unittest.main()
