# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Properties that hold for all sizes and values, tried on many by hypothesis."""

from __future__ import annotations

import unittest
from typing import Any

import torch
from monai.inferers import SlidingWindowInferer
from monai.utils import optional_import

from monai_unet3plus.inferers import AdjacentSliceInferer, AutocastInferer
from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus

hypothesis, has_hypothesis = optional_import("hypothesis")
strategies, _ = optional_import("hypothesis.strategies")

if not has_hypothesis:
    raise unittest.SkipTest("hypothesis is not installed")

SETTINGS: Any = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
FEW: Any = hypothesis.settings(SETTINGS, max_examples=15)
SIZE: Any = strategies.integers(1, 24)
KIND: Any = strategies.sampled_from([torch.float32, torch.bfloat16, torch.float16])
FILL: Any = strategies.sampled_from(["constant", "noise", "pixel", "stripes"])
FEATURES = (4, 6, 8, 10, 12)


def image(fill: str, level: float, shape: tuple[int, ...]) -> torch.Tensor:
    """An image with values from 0, or from ``level`` if it is constant, to ``level``."""
    values = torch.full(shape, level)
    if fill == "noise":
        values *= torch.rand(shape, generator=torch.Generator().manual_seed(0))
    elif fill == "pixel":
        values.flatten()[1:] = 0
    elif fill == "stripes":
        values[..., ::2] = 0
    return values


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

    @FEW
    @hypothesis.given(
        shape=strategies.tuples(SIZE, SIZE, strategies.integers(1, 4)),
        fill=FILL,
        kind=KIND,
        autocast=strategies.booleans(),
    )
    def test_any_volume_gets_finite_logits_in_any_precision(
        self, shape: tuple[int, int, int], fill: str, kind: torch.dtype, autocast: bool
    ) -> None:
        torch.manual_seed(0)
        guided = UNet3Plus(out_channels=2, features=FEATURES, classification_guided=True)
        inner: Any = SlidingWindowInferer((16, 16), 3, overlap=0.25, mode="gaussian")
        if autocast and kind != torch.float32:
            guided.eval()
            inner = AutocastInferer(inner, dtype=kind)
        else:
            guided = prepare_for_inference(guided, kind)
        with torch.no_grad():
            logits = AdjacentSliceInferer(inner, slice_batch_size=2)(image(fill, 1.0, (1, 1, *shape)), guided)
        self.assertEqual(tuple(logits.shape), (1, 2, *shape))
        self.assertTrue(bool(torch.isfinite(logits).all()))


class TestNetwork(unittest.TestCase):
    """Values are within 0 and 1 after the window; beyond that the networks have to stand values 1000 times larger."""

    @FEW
    @hypothesis.given(
        size=strategies.tuples(strategies.integers(16, 40), strategies.integers(16, 40)),
        level=strategies.sampled_from([0.0, 1e-30, 0.5, 1.0, -1.0, 1e3]),
        fill=FILL,
        kind=KIND,
    )
    def test_logits_are_finite(self, size: tuple[int, int], level: float, fill: str, kind: torch.dtype) -> None:
        torch.manual_seed(0)
        guided = prepare_for_inference(UNet3Plus(features=FEATURES, classification_guided=True), kind)
        x = image(fill, level, (1, 3, *size))
        maps = guided.encode(x)
        for found in (guided.presence_head(maps[-1]), guided.decode(maps)):
            self.assertTrue(bool(torch.isfinite(found).all()))

    @FEW
    @hypothesis.given(size=strategies.integers(16, 33), fill=FILL, level=strategies.sampled_from([0.0, 1.0]), kind=KIND)
    def test_training_has_finite_loss_and_gradients(
        self, size: int, fill: str, level: float, kind: torch.dtype
    ) -> None:
        torch.manual_seed(0)
        trained = UNet3Plus(features=FEATURES, deep_supervision=True, classification_guided=True).train()
        with torch.autocast("cpu", dtype=kind, enabled=kind != torch.float32):
            outputs = trained(image(fill, level, (2, 3, size, size)))
        target = torch.zeros(2, 1, size, size, dtype=torch.uint8)
        target[1, :, : size // 2] = 1
        loss = UNet3PlusLoss(lambda_ms_ssim=0)(outputs, target)
        loss.backward()
        self.assertTrue(bool(torch.isfinite(loss)))
        if kind == torch.float16:  # gradients may exceed it, for which trainers have a scaler and FiniteLoss counts
            return
        for name, parameter in trained.named_parameters():
            self.assertTrue(bool(torch.isfinite(parameter.grad).all()), name)


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


if __name__ == "__main__":
    unittest.main()
