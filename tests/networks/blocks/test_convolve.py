# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from collections.abc import Callable
from unittest import mock

import torch
import torch.nn as nn
import torch.nn.functional as F
from monai.data import MetaTensor
from parameterized import parameterized
from torch._subclasses import FakeTensorMode
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import parametrizations, prune

from monai_unet3plus.networks.blocks import convolve, is_plain


def conv_of(inputs: int, outputs: int, dims: int = 2, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return (nn.Conv2d if dims == 2 else nn.Conv3d)(inputs, outputs, 3, **{"padding": 1, **options})


class Doubled(nn.Module):
    """A wrapper that shows the weight and bias of its convolution, as adapters do."""

    def __init__(self, base: nn.Conv2d) -> None:
        super().__init__()
        self.base, self.weight, self.bias = base, base.weight, base.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * self.base(x)


class Subclass(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 3 * super().forward(x)


def replace_forward(conv: nn.Module) -> None:
    conv.forward = lambda x: F.conv2d(x, 2 * conv.weight, padding=1)  # type: ignore[method-assign]


# each returns the module to use, or changes the given one
CHANGES: list[tuple[str, Callable[[nn.Module], object]]] = [
    ("wrapper", Doubled),
    ("subclass", lambda conv: Subclass(conv.in_channels, conv.out_channels, 3, padding=1)),
    ("padding", lambda conv: conv_of(conv.in_channels, conv.out_channels, padding_mode="circular")),
    ("groups", lambda conv: conv_of(conv.in_channels, conv.out_channels, groups=2)),
    ("dilation", lambda conv: conv_of(conv.in_channels, conv.out_channels, dilation=2, padding=2)),
    ("forward", replace_forward),
    ("forward_hook", lambda conv: conv.register_forward_hook(lambda module, args, out: 2 * out)),
    ("forward_pre_hook", lambda conv: conv.register_forward_pre_hook(lambda module, args: (2 * args[0],))),
    ("pruning", lambda conv: prune.l1_unstructured(conv, "weight", amount=0.5)),
    ("old_weight_norm", lambda conv: torch.nn.utils.weight_norm(conv)),
    ("weight_norm", lambda conv: parametrizations.weight_norm(conv)),
]


class TestCalled(unittest.TestCase):
    """Whatever is done to a convolution has its effect, also where a plain one is computed in another form."""

    @parameterized.expand(CHANGES)
    def test_a_module_that_is_more_than_a_convolution_is_called(self, _: str, change: Callable) -> None:
        for channels, outputs, size in ((4, 2, None), (160, 160, None), (4, 6, [13, 18])):  # taps, Winograd, up-sampled
            conv = conv_of(channels, outputs)
            changed = change(conv)
            conv = changed if isinstance(changed, nn.Module) else conv
            x = torch.randn(1, channels, 20, 20).contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                expected = conv(x if size is None else F.interpolate(x, size, mode="bilinear"))
                found = convolve(conv, x, size)
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))

    def test_hooks_fire(self) -> None:
        fired: list[str] = []
        for register in ("forward", "forward_pre", "full_backward", "full_backward_pre"):
            conv = conv_of(4, 2)
            getattr(conv, f"register_{register}_hook")(lambda *_, name=register: fired.append(name))
            convolve(conv, torch.rand(1, 4, 9, 9, requires_grad=True)).sum().backward()
        self.assertEqual(fired, ["forward", "forward_pre", "full_backward", "full_backward_pre"])
        handle = register_module_forward_hook(lambda *_: fired.append("all modules"))
        self.addCleanup(handle.remove)
        convolve(conv_of(4, 2), torch.rand(1, 4, 9, 9))
        self.assertEqual(fired[4:], ["all modules"])

    @parameterized.expand([(2,), (3,)])
    def test_a_plain_one_is_computed_in_its_own_form(self, dims: int) -> None:
        conv = conv_of(4, 2, dims)
        self.assertTrue(is_plain(conv))
        x, size = torch.rand(1, 4, *[9] * dims), [13] * dims
        expected = convolve(Doubled(conv), x, size) / 2
        with mock.patch.object(nn.modules.conv._ConvNd, "forward", side_effect=AssertionError("called"), create=True):
            torch.testing.assert_close(convolve(conv, x, size), expected)

    def test_tensors_of_a_kind_of_their_own(self) -> None:
        conv, mode = conv_of(160, 2), FakeTensorMode(allow_non_fake_inputs=True)
        x = torch.rand(1, 160, 40, 40).contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(convolve(conv, MetaTensor(x)).as_tensor(), conv(x))
        with mode:
            self.assertEqual(convolve(conv, mode.from_tensor(x)).shape, (1, 2, 40, 40))
        self.assertEqual(convolve(conv.to("meta"), x.to("meta")).shape, (1, 2, 40, 40))


class TestFewOutputs(unittest.TestCase):
    """The heads' convolutions, which the CPU computes tap by tap."""

    @parameterized.expand([(outputs, size) for outputs in (1, 2) for size in ((7, 10), (1, 1))])
    def test_equals_the_direct_form(self, outputs: int, size: tuple[int, int]) -> None:
        for bias in (True, False):
            conv = conv_of(5, outputs, bias=bias).double()
            x = torch.randn(2, 5, *size, dtype=torch.float64, requires_grad=True)
            torch.testing.assert_close(convolve(conv, x), conv(x))
            inputs = [x, *conv.parameters()]
            self.assertTrue(torch.autograd.gradcheck(lambda x, *_, conv=conv: convolve(conv, x), inputs))

    def test_under_autocast(self) -> None:
        conv, x = conv_of(64, 1), torch.rand(1, 64, 9, 9)
        nn.init.uniform_(conv.weight)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = convolve(conv, x)
        self.assertEqual(found.dtype, torch.bfloat16)
        torch.testing.assert_close(found.float(), conv(x), rtol=0.02, atol=0)


if __name__ == "__main__":
    unittest.main()
