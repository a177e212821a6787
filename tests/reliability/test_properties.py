# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""What has to hold whatever the sizes and values are, tried on many by hypothesis."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import torch
from monai.inferers import SlidingWindowInferer
from monai.utils import optional_import

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.transforms import LabelMapToMasksd, logits_to_label_map

hypothesis, has_hypothesis = optional_import("hypothesis")
strategies, _ = optional_import("hypothesis.strategies")

if not has_hypothesis:
    raise unittest.SkipTest("hypothesis is not installed")

SETTINGS: Any = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
SIZE: Any = strategies.integers(1, 24)


def network(x: torch.Tensor) -> torch.Tensor:
    """Any function of a window, pixel by pixel, that tells neighbours apart."""
    weights = torch.arange(1, x.shape[1] + 1, dtype=x.dtype)[:, None, None]
    return torch.cat([(x * weights).sum(1, keepdim=True).sin(), x[:, :1]], dim=1)


class TestInferer(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(
        shape=strategies.tuples(SIZE, SIZE, SIZE),
        reach=strategies.integers(0, 2),
        axis=strategies.integers(0, 2),
        slices=strategies.integers(1, 5),
        windows=strategies.integers(1, 5),
    )
    def test_batches_of_slices_and_windows_do_not_change_the_result(
        self, shape: tuple[int, int, int], reach: int, axis: int, slices: int, windows: int
    ) -> None:
        volume = torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(0))
        inferer = AdjacentSliceInferer(
            SlidingWindowInferer((8, 8), windows, overlap=0.5), 2 * reach + 1, axis, slice_batch_size=slices
        )
        stack = volume[0, 0].movedim(axis, 0)
        expected = [
            network(torch.stack([stack[min(max(z + k, 0), len(stack) - 1)] for k in range(-reach, reach + 1)])[None])
            for z in range(len(stack))
        ]
        found = inferer(volume, network)[0].movedim(axis + 1, 1).movedim(1, 0)
        torch.testing.assert_close(found, torch.cat(expected), rtol=1e-5, atol=1e-5)


class TestLoss(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(
        size=strategies.integers(2, 20),
        organs=strategies.integers(1, 3),
        scale=strategies.sampled_from([0.0, 1.0, 30.0, 1e3, 6e4]),
        fill=strategies.sampled_from([0.0, 0.3, 1.0]),
        kind=strategies.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
        seed=strategies.integers(0, 99),
    )
    def test_value_and_gradient_are_finite(
        self, size: int, organs: int, scale: float, fill: float, kind: torch.dtype, seed: int
    ) -> None:
        rng = torch.Generator().manual_seed(seed)
        logits = (torch.rand(2, organs, size, size, generator=rng) * 2 - 1).mul(scale).to(kind).requires_grad_()
        presence = (torch.rand(2, organs, 2, generator=rng) * 2 - 1).mul(scale).to(kind).requires_grad_()
        target = (torch.rand(2, organs, size, size, generator=rng) < fill).to(torch.uint8)
        loss = UNet3PlusLoss(lambda_ms_ssim=0)(([logits, logits * 0.5], presence), target)  # MS-SSIM takes large ones
        loss.backward()
        self.assertTrue(bool(torch.isfinite(loss)))
        for value in (logits, presence):
            self.assertTrue(bool(torch.isfinite(value.grad).all()))


class TestLabelMaps(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(
        shape=strategies.tuples(SIZE, SIZE), organs=strategies.integers(1, 5), seed=strategies.integers(0, 99)
    )
    def test_masks_and_label_map_agree(self, shape: tuple[int, int], organs: int, seed: int) -> None:
        logits = torch.from_numpy(np.random.default_rng(seed).normal(size=(1, organs, *shape)))
        masks = LabelMapToMasksd("pred", organs)({"pred": logits_to_label_map(logits)[0]})["pred"]
        best = logits[0].argmax(0)
        for organ in range(organs):
            self.assertTrue(torch.equal(masks[organ] == 1, (best == organ) & (logits[0, organ] > 0)))


if __name__ == "__main__":
    unittest.main()
