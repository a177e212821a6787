# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import torch
import torch.nn.functional as F
from parameterized import parameterized
from torch._subclasses import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from monai_unet3plus.networks.blocks import resize_to, upsampled_conv

CASES = [
    ("factor_16", (2, 8, 5, 4), [80, 64]),
    ("factor_4", (1, 3, 8, 8), [32, 32]),
    ("odd_ratio", (2, 4, 5, 7), [23, 31]),
    ("one_pixel", (1, 4, 1, 6), [4, 25]),
    ("same_size", (1, 4, 6, 5), [6, 5]),
    ("3d", (2, 3, 3, 4, 2), [12, 17, 9]),
]


def direct(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, size: list[int]) -> torch.Tensor:
    convolve = F.conv2d if x.dim() == 4 else F.conv3d
    return convolve(resize_to(x, size), weight, bias, padding=1)


def tensors(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    x, bias = torch.randn(shape, dtype=dtype), torch.randn(5, dtype=dtype)
    return x, torch.randn(5, shape[1], *[3] * (len(shape) - 2), dtype=dtype), bias


class TestUpsampledConv(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_equals_upsampling_then_convolving(self, _: str, shape: tuple[int, ...], size: list[int]) -> None:
        x, weight, bias = tensors(shape)
        for b in (bias, None):
            expected = direct(x, weight, b, size)
            torch.testing.assert_close(upsampled_conv(x, weight, b, size), expected, rtol=1e-5, atol=2e-5)

    @parameterized.expand(CASES[:-1])
    @mock.patch("monai_unet3plus.networks.blocks.upsampled_conv._MIN_OUTPUTS_LAST", 1)
    def test_inference_on_maps_stored_last_gives_the_same(
        self, _: str, shape: tuple[int, ...], size: list[int]
    ) -> None:
        x, weight, bias = tensors(shape)
        stored_last = x.contiguous(memory_format=torch.channels_last)
        expected = direct(x, weight, bias, size)
        with torch.no_grad():
            found = upsampled_conv(stored_last, weight, bias, size)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)
            self.assertTrue(found.is_contiguous(memory_format=torch.channels_last))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                lower = upsampled_conv(stored_last, weight, bias, size).float()
        torch.testing.assert_close(lower, expected, rtol=0, atol=0.02 * float(expected.abs().max()))
        torch.testing.assert_close(stored_last, x, rtol=0, atol=0)

    @parameterized.expand(CASES)
    def test_gradients_equal_those_of_the_direct_form(self, _: str, shape: tuple[int, ...], size: list[int]) -> None:
        gradients = []
        for form in (upsampled_conv, direct):
            inputs = [tensor.requires_grad_() for tensor in tensors(shape, torch.float64)]
            out = form(*inputs, size)
            gradients.append(torch.autograd.grad((out * torch.linspace(0, 1, out.numel()).view_as(out)).sum(), inputs))
        for ours, theirs in zip(*gradients):
            # the up-sampling matrix is made in float32, like PyTorch's own coefficients
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-4)

    def test_gradcheck(self) -> None:
        inputs = [tensor.requires_grad_() for tensor in tensors((1, 2, 3, 4), torch.float64)]
        self.assertTrue(torch.autograd.gradcheck(lambda *args: upsampled_conv(*args, [9, 13]), inputs))

    def test_bfloat16_autocast_is_close(self) -> None:
        x, weight, bias = tensors((2, 8, 5, 4))
        expected = direct(x, weight, bias, [40, 32])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = upsampled_conv(x, weight, bias, [40, 32])
        self.assertLess(float((out.float() - expected).abs().max() / expected.abs().max()), 0.02)

    def test_takes_less_than_a_tenth_of_the_work_at_a_factor_of_8(self) -> None:
        x, weight = torch.randn(1, 64, 10, 10), torch.randn(16, 64, 3, 3)
        work = []
        for form in (upsampled_conv, direct):
            with FlopCounterMode(display=False) as counter:
                form(x, weight, None, [80, 80])
            work.append(counter.get_total_flops())
        self.assertLess(work[0], 0.1 * work[1])

    def test_matrices_kept_from_inference_serve_training(self) -> None:
        x, weight, bias = tensors((1, 3, 3, 11))
        with torch.inference_mode():
            upsampled_conv(x, weight, bias, [7, 29])
        upsampled_conv(x.requires_grad_(), weight, bias, [7, 29]).sum().backward()

    def test_fake_tensors_leave_none_behind(self) -> None:
        x, weight, bias = tensors((1, 3, 3, 13))
        mode = FakeTensorMode()
        with mode:
            upsampled_conv(*(mode.from_tensor(tensor) for tensor in (x, weight, bias)), [5, 31])
        out = upsampled_conv(x, weight, bias, [5, 31])
        torch.testing.assert_close(out, direct(x, weight, bias, [5, 31]), rtol=1e-5, atol=2e-5)


if __name__ == "__main__":
    unittest.main()
