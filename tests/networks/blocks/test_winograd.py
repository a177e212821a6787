# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import torch
import torch.nn.functional as F
from monai.data import MetaTensor
from parameterized import parameterized
from torch.utils.flop_counter import FlopCounterMode

from monai_unet3plus.networks.blocks import convolve, winograd_conv, winograd_pays

SIZES = [("tiles", (16, 24)), ("odd", (13, 18)), ("smaller_than_a_tile", (3, 2)), ("one_pixel", (1, 1))]
MANY = 160  # channels


def tensors(size: tuple[int, int], dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(*s, dtype=dtype, generator=generator) for s in ((2, 5, *size), (7, 5, 3, 3), (7,)))
    return x, weight, bias


def maps(channels: int = MANY, pixels: int = 40) -> torch.Tensor:
    x = torch.randn(1, channels, pixels, pixels, generator=torch.Generator().manual_seed(0))
    return x.contiguous(memory_format=torch.channels_last)


class TestWinogradConv(unittest.TestCase):
    @parameterized.expand(SIZES)
    def test_equals_the_direct_form(self, _: str, size: tuple[int, int]) -> None:
        x, weight, bias = tensors(size)
        for given in (x, x.contiguous(memory_format=torch.channels_last)):
            for b in (bias, None):
                torch.testing.assert_close(winograd_conv(given, weight, b), F.conv2d(x, weight, b, padding=1))

    @parameterized.expand(SIZES)
    def test_gradients_equal_those_of_the_direct_form(self, _: str, size: tuple[int, int]) -> None:
        gradients = []
        for form in (winograd_conv, lambda *arguments: F.conv2d(*arguments, padding=1)):
            inputs = [tensor.requires_grad_() for tensor in tensors(size)]
            out = form(*inputs)
            gradients.append(torch.autograd.grad((out * torch.linspace(0, 1, out.numel()).view_as(out)).sum(), inputs))
        for ours, theirs in zip(*gradients):
            torch.testing.assert_close(ours, theirs)

    def test_takes_tensors_with_meta_data(self) -> None:
        x, weight, bias = (tensor.requires_grad_() for tensor in tensors((16, 24)))
        out = winograd_conv(MetaTensor(x), weight, bias)
        torch.testing.assert_close(out.as_tensor(), F.conv2d(x, weight, bias, padding=1))
        out.sum().backward()
        self.assertIsNotNone(weight.grad)

    @parameterized.expand(SIZES)
    def test_an_activation_in_place_may_follow(self, _: str, size: tuple[int, int]) -> None:
        gradients = []
        for form in (winograd_conv, lambda *arguments: F.conv2d(*arguments, padding=1)):
            inputs = [tensor.requires_grad_() for tensor in tensors(size)]
            out = F.relu(form(*inputs), inplace=True)
            gradients.append(torch.autograd.grad(out.square().sum(), inputs))
        for ours, theirs in zip(*gradients):
            torch.testing.assert_close(ours, theirs)

    def test_gradcheck(self) -> None:
        inputs = [tensor.requires_grad_() for tensor in tensors((5, 6))]
        self.assertTrue(torch.autograd.gradcheck(winograd_conv, inputs))
        self.assertTrue(torch.autograd.gradgradcheck(winograd_conv, inputs))

    @parameterized.expand([("float32", torch.float32, 8), ("bfloat16", torch.bfloat16, 3)])
    def test_rounding_is_a_few_times_that_of_the_direct_form(self, _: str, dtype: torch.dtype, times: float) -> None:
        x = maps().to(dtype)
        weight = torch.randn(MANY, MANY, 3, 3, generator=torch.Generator().manual_seed(1)).to(dtype)
        exact = F.conv2d(x.double(), weight.double(), padding=1)
        direct = (F.conv2d(x, weight, padding=1) - exact).abs().max()
        self.assertLess(float((winograd_conv(x, weight, None) - exact).abs().max() / direct), times)

    def test_under_autocast(self) -> None:
        """The result is in bfloat16 and the gradients of float32 weights in float32, all to bfloat16's rounding."""
        x, weight, bias = (tensor.requires_grad_() for tensor in tensors((16, 24), torch.float32))
        expected = F.conv2d(x, weight, bias, padding=1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = winograd_conv(x, weight, bias)
        self.assertEqual(found.dtype, torch.bfloat16)
        slope = torch.linspace(0, 1, found.numel()).view_as(found)
        pairs = [(found, expected)]
        pairs += zip(*(torch.autograd.grad((out * slope).sum(), (x, weight, bias)) for out in (found, expected)))
        for ours, theirs in pairs:
            torch.testing.assert_close(ours.float(), theirs, rtol=0, atol=0.02 * float(theirs.detach().abs().max()))
        self.assertEqual([gradient.dtype for gradient, _ in pairs[1:]], [torch.float32] * 3)

    def test_strips_of_a_wide_map_join_without_a_seam(self) -> None:
        x = torch.randn(1, 64, 24, 1200, dtype=torch.float64)  # one row of tiles a strip
        weight = torch.randn(64, 64, 3, 3, dtype=torch.float64)
        torch.testing.assert_close(winograd_conv(x, weight, None), F.conv2d(x, weight, padding=1))

    @parameterized.expand(
        [
            (name, size, dtype)
            for name, size in [*SIZES, ("one_row_of_tiles_a_strip", (23, 20000))]
            for dtype in (torch.float32, torch.float64, torch.bfloat16)
        ]
    )
    def test_the_result_may_take_the_memory_of_the_maps(
        self, _: str, size: tuple[int, int], dtype: torch.dtype
    ) -> None:
        x = tensors(size, dtype)[0].contiguous(memory_format=torch.channels_last)
        weight, bias = torch.randn(5, 5, 3, 3).to(dtype), torch.randn(5).to(dtype)
        before = x.clone()
        with torch.no_grad():
            expected = winograd_conv(x, weight, bias)
            self.assertTrue(torch.equal(x, before))
            found = winograd_conv(x, weight, bias, overwrite=True)
        self.assertEqual(found.data_ptr(), x.data_ptr())
        self.assertTrue(torch.equal(found, expected))

    def test_nothing_is_overwritten_in_training_or_where_the_result_does_not_fit(self) -> None:
        x, wide, bias = tensors((16, 24))
        x = x.contiguous(memory_format=torch.channels_last)
        before = x.clone()
        winograd_conv(x, wide[:5].requires_grad_(), bias[:5], overwrite=True).sum().backward()
        with torch.no_grad():
            winograd_conv(x, wide, bias, overwrite=True)
            for given in (x.contiguous(), x[..., 1:]):
                kept = given.clone()
                winograd_conv(given, wide[:5], bias[:5], overwrite=True)
                self.assertTrue(torch.equal(given, kept))
        self.assertTrue(torch.equal(x, before))

    @parameterized.expand([("float32", torch.float32, 1 / 3), ("bfloat16", torch.bfloat16, 1 / 2)])
    def test_takes_part_of_the_multiplications(self, _: str, dtype: torch.dtype, part: float) -> None:
        x, weight = maps(320, 32).to(dtype), torch.randn(320, 320, 3, 3).to(dtype)
        work = []
        for form in (winograd_conv, lambda *arguments: F.conv2d(*arguments, padding=1)):
            with FlopCounterMode(display=False) as counter:
                form(x, weight, None)
            work.append(counter.get_total_flops())
        self.assertLess(work[0], part * work[1])  # 1 / 4 or 4 / 9, and the evaluation at the points


class TestChoice(unittest.TestCase):
    def test_wide_float32_maps_stored_channels_last(self) -> None:
        weight = torch.randn(MANY, MANY, 3, 3)
        self.assertTrue(winograd_pays(maps(), weight))
        self.assertFalse(winograd_pays(maps().contiguous(), weight))
        self.assertFalse(winograd_pays(maps().double(), weight))
        self.assertFalse(winograd_pays(maps(pixels=8), weight))

    @mock.patch(f"{winograd_pays.__module__}._has_amx", return_value=False)
    def test_bfloat16_pays_from_more_channels_on(self, has_amx: mock.Mock) -> None:
        weight = torch.randn(256, 256, 3, 3)
        self.assertTrue(winograd_pays(maps(256).bfloat16(), weight))
        self.assertFalse(winograd_pays(maps().bfloat16(), weight[:MANY, :MANY]))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self.assertTrue(winograd_pays(maps(256), weight))
            self.assertFalse(winograd_pays(maps(), weight[:MANY, :MANY]))
        has_amx.return_value = True
        self.assertFalse(winograd_pays(maps(256).bfloat16(), weight))

    def test_training_pays_from_fewer_channels_on(self) -> None:
        weight = torch.randn(64, 64, 3, 3)
        self.assertFalse(winograd_pays(maps(64), weight))
        self.assertTrue(winograd_pays(maps(64).requires_grad_(), weight))

    def test_both_forms_give_the_same(self) -> None:
        conv, x = torch.nn.Conv2d(MANY, MANY, 3, padding=1), maps()
        with torch.no_grad():
            chosen, direct = convolve(conv, x), conv(x)
        torch.testing.assert_close(chosen, direct, rtol=0, atol=1e-5 * float(direct.abs().max()))


if __name__ == "__main__":
    unittest.main()
