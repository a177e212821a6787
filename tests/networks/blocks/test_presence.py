# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
import torch.nn.functional as F
from parameterized import parameterized

from monai_unet3plus.networks.blocks import ABSENT_LOGIT, PresenceHead, gate_logits, is_present


class TestPresence(unittest.TestCase):
    def test_verdict_is_the_larger_logit_and_a_tie_means_absent(self) -> None:
        logits = torch.tensor([[[0.0, 1.0], [1.0, 0.0]], [[2.0, 2.0], [90.0, 100.0]]])
        self.assertEqual(is_present(logits).tolist(), [[True, False], [False, True]])

    @parameterized.expand([(2,), (3,)])
    def test_gate_selects_and_does_not_multiply(self, dims: int) -> None:
        logits = torch.randn(2, 2, *[4] * dims)
        logits[0, 1] = torch.inf  # would become NaN, were it multiplied by zero
        out = gate_logits(logits, torch.tensor([[True, False], [False, True]]))
        self.assertTrue(torch.equal(out[0, 0], logits[0, 0]) and torch.equal(out[1, 1], logits[1, 1]))
        self.assertTrue((out[0, 1] == ABSENT_LOGIT).all() and (out[1, 0] == ABSENT_LOGIT).all())

    @parameterized.expand([(torch.float16,), (torch.bfloat16,), (torch.float32,)])
    def test_absent_means_a_probability_of_practically_0_in_any_precision(self, dtype: torch.dtype) -> None:
        out = gate_logits(torch.zeros(1, 1, 2, 2, dtype=dtype), torch.tensor([[False]]))
        self.assertEqual(out.dtype, dtype)
        self.assertLess(float(out.sigmoid().max()), 1e-6)

    def test_head_is_a_1x1_convolution_and_global_max_pooling(self) -> None:
        head = PresenceHead(2, 6, 3, dropout=0.5).eval()
        x = torch.randn(2, 6, 4, 5)
        pooled = F.adaptive_max_pool2d(F.conv2d(x, head.conv.weight, head.conv.bias), 1)[:, :, 0, 0]
        for organ in range(3):
            torch.testing.assert_close(head(x)[:, organ], pooled[:, 2 * organ : 2 * organ + 2])


if __name__ == "__main__":
    unittest.main()
