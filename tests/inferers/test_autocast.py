# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.inferers import SlidingWindowInferer

from monai_unet3plus.inferers import AutocastInferer


class TestAutocastInferer(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(0)
        self.network = torch.nn.Conv2d(1, 1, 3, padding=1)
        self.image = torch.rand(1, 1, 12, 12)

    def test_network_runs_in_the_type(self) -> None:
        out = AutocastInferer()(self.image, self.network)
        self.assertEqual(out.dtype, torch.bfloat16)
        torch.testing.assert_close(out.float(), self.network(self.image), rtol=0.02, atol=0.02)

    def test_weights_get_gradients_in_float32(self) -> None:
        AutocastInferer()(self.image, self.network).float().sum().backward()
        self.assertEqual(self.network.weight.grad.dtype, torch.float32)

    def test_disabled_changes_nothing(self) -> None:
        out = AutocastInferer(enabled=False)(self.image, self.network)
        torch.testing.assert_close(out, self.network(self.image), rtol=0, atol=0)

    def test_inner_inferer_is_used(self) -> None:
        out = AutocastInferer(SlidingWindowInferer(roi_size=(8, 8)))(self.image, self.network)
        self.assertEqual(tuple(out.shape), (1, 1, 12, 12))


if __name__ == "__main__":
    unittest.main()
