# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
import torch.nn.functional as F
from parameterized import parameterized

from monai_unet3plus.networks.blocks import conv3x3


class TestFewOutputs(unittest.TestCase):
    """The heads' convolutions, which the CPU computes tap by tap."""

    @parameterized.expand([(outputs, size) for outputs in (1, 2) for size in ((7, 10), (1, 1))])
    def test_equals_the_direct_form(self, outputs: int, size: tuple[int, int]) -> None:
        torch.manual_seed(0)
        shapes = ((2, 5, *size), (outputs, 5, 3, 3), (outputs,))
        x, weight, bias = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes)
        for b in (bias, None):
            torch.testing.assert_close(conv3x3(x, weight, b), F.conv2d(x, weight, b, padding=1))
        self.assertTrue(torch.autograd.gradcheck(conv3x3, (x, weight, bias)))

    def test_under_autocast(self) -> None:
        x, weight, bias = torch.rand(1, 64, 9, 9), torch.rand(1, 64, 3, 3), torch.rand(1)
        expected = F.conv2d(x, weight, bias, padding=1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = conv3x3(x, weight, bias)
        self.assertEqual(found.dtype, torch.bfloat16)
        torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0)


if __name__ == "__main__":
    unittest.main()
