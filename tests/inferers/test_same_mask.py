# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from itertools import product

import torch
from monai.inferers import SlidingWindowInferer

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map

TIE = 1e-5  # of the largest logit, as the order of additions may change it
MAX_TIES = 1e-3  # of all voxels


class TestSameMask(unittest.TestCase):
    """Nothing but voxels between two organs, or an organ and the background, depends on how the work is split."""

    def setUp(self) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(out_channels=2, features=(4, 8, 16, 32, 64), classification_guided=True).eval()
        network.requires_grad_(False)
        self.volumes = torch.nn.functional.interpolate(torch.rand(2, 1, 8, 8, 5), scale_factor=(6, 5, 1))
        network.presence_head.conv.bias[1::2] += 100.0  # every organ is judged present
        logits = AdjacentSliceInferer(self.windows(1))(self.volumes, network)
        network.heads[0].conv.bias -= logits.movedim(1, -1).flatten(0, -2).median(dim=0).values
        self.network = prepare_for_inference(network)
        self.addCleanup(torch.set_num_threads, torch.get_num_threads())

    def windows(self, at_once: int) -> SlidingWindowInferer:
        return SlidingWindowInferer((32, 32), sw_batch_size=at_once, overlap=0.25, mode="gaussian")

    def mask(self, volumes: torch.Tensor, slices: int, at_once: int, threads: int) -> torch.Tensor:
        torch.set_num_threads(threads)
        inferer = AdjacentSliceInferer(
            self.windows(at_once), slice_batch_size=slices, postprocess=logits_to_label_map, air_threshold=0.0
        )
        return inferer(volumes, self.network)

    def test_however_many_slices_windows_threads_and_volumes_at_once(self) -> None:
        torch.set_num_threads(1)
        logits = AdjacentSliceInferer(self.windows(1))(self.volumes, self.network)
        with_background = torch.cat([logits, torch.zeros_like(logits[:, :1])], dim=1)
        first, second = with_background.topk(2, dim=1).values.unbind(1)
        tied = (first - second)[:, None] < TIE * logits.abs().max()
        self.assertLess(tied.float().mean(), MAX_TIES)
        expected = logits_to_label_map(logits)
        self.assertEqual(expected.unique().tolist(), [0, 1, 2])  # else the comparison would mean nothing
        for slices, at_once, threads in product((1, 3), (1, 4), (1, 2)):
            with self.subTest(slices=slices, at_once=at_once, threads=threads):
                found = self.mask(self.volumes, slices, at_once, threads)
                self.assertTrue(bool((found == expected)[~tied].all()))
        alone = torch.cat([self.mask(volume[None], 2, 4, 1) for volume in self.volumes])
        self.assertTrue(bool((alone == expected)[~tied].all()))


if __name__ == "__main__":
    unittest.main()
