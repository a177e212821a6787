# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from itertools import product

import pytorch_msssim
import torch
import torch.nn.functional as F
from monai.data import MetaTensor
from monai.metrics.regression import compute_ssim_and_cs
from parameterized import parameterized

from monai_unet3plus.losses import MultiScaleSSIMLoss
from tests.losses.masks import DTYPES, MASKS, PREDICTIONS, logits_of, mask_of

# Small images, many of the tests need no more.
SMALL = {"kernel_size": 5, "weights": (0.3, 0.7)}
SIZES = [(161, 161), (176, 200), (165, 177)]


def images(*shape: int, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities that follow a mask, and the mask."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(*shape[:2], *[max(n // 16, 2) for n in shape[2:]], generator=generator, dtype=dtype)
    target = F.interpolate(coarse, shape[2:]).round()
    return 0.6 * target + 0.3 * torch.rand(*shape, generator=generator, dtype=dtype), target


def with_gradient(loss: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = x.clone().requires_grad_()
    value = loss(x, y)
    return value.detach(), torch.autograd.grad(value, x)[0]


def restated(x: torch.Tensor, y: torch.Tensor, every: bool) -> torch.Tensor:
    """The formula with SMALL's arguments, out of the maps of MONAI's metric."""
    dims, result, weights = x.dim() - 2, torch.ones(x.shape[:2]), (0.3, 0.7)
    for scale, weight in enumerate(weights):
        ssim, cs = compute_ssim_and_cs(x, y, dims, kernel_size=[5] * dims, kernel_sigma=[1.5] * dims)
        mean = {"l": (ssim / cs).flatten(2).mean(2), "cs": cs.flatten(2).mean(2), "lcs": ssim.flatten(2).mean(2)}
        if every:
            result = result * mean["l"] ** weight * mean["cs"] ** weight
        else:
            result = result * mean["lcs" if scale == 1 else "cs"] ** weight
        pool = F.avg_pool2d if dims == 2 else F.avg_pool3d
        x, y = pool(x, 2), pool(y, 2)
    return 1 - result


class TestMultiScaleSSIMLoss(unittest.TestCase):
    @parameterized.expand(SIZES)
    def test_equals_pytorch_msssim(self, *size: int) -> None:
        x, y = images(2, 2, *size)
        value, gradient = with_gradient(MultiScaleSSIMLoss(), x, y)
        expected, expected_gradient = with_gradient(lambda x, y: 1 - pytorch_msssim.ms_ssim(x, y, data_range=1), x, y)
        self.assertLess(float((value - expected).abs()), 1e-5)
        self.assertLess(float((gradient - expected_gradient).norm() / expected_gradient.norm()), 1e-3)

    def test_equals_pytorch_msssim_in_3d(self) -> None:
        x, y = images(1, 2, 33, 35, 34)
        expected = 1 - pytorch_msssim.ms_ssim(x, y, data_range=1, win_size=3, win_sigma=0.8)
        value = MultiScaleSSIMLoss(kernel_size=3, kernel_sigma=0.8)(x, y)
        self.assertLess(float((value - expected).abs()), 1e-5)

    @parameterized.expand(
        [("organ", "empty"), ("organ", "full"), ("empty", "full"), ("full", "empty"), ("noise", "empty")]
    )
    def test_equals_pytorch_msssim_on_flat_predictions(self, mask: str, prediction: str) -> None:
        y = mask_of(mask, (176, 176))
        x = mask_of(prediction, (176, 176))
        expected = 1 - pytorch_msssim.ms_ssim(x, y, data_range=1)
        self.assertLess(float((MultiScaleSSIMLoss()(x, y) - expected).abs()), 1e-5)

    @parameterized.expand(list(product(((24, 28), (12, 16, 20)), ("coarsest", "every"))))
    def test_equals_the_formula_with_luminance_where_asked(self, size: tuple[int, ...], luminance: str) -> None:
        x, y = images(2, 2, *size)
        value = MultiScaleSSIMLoss(luminance=luminance, reduction="none", **SMALL)(x, y)
        # MONAI's five moments in float32 are themselves off by 1.3e-5 here.
        torch.testing.assert_close(value, restated(x, y, luminance == "every"), rtol=0, atol=2e-5)

    def test_hand_computed_for_flat_images(self) -> None:
        # Contrast-structure is 1 at every scale, luminance is C1 / (1 + C1).
        x, y = torch.zeros(1, 1, 176, 176), torch.ones(1, 1, 176, 176)
        luminance = 1e-4 / (1 + 1e-4)
        self.assertAlmostEqual(MultiScaleSSIMLoss()(x, y).item(), 1 - luminance**0.1333, places=5)
        every = MultiScaleSSIMLoss(luminance="every")(x, y)
        self.assertAlmostEqual(every.item(), 1 - luminance ** (0.0448 + 0.2856 + 0.3001 + 0.2363 + 0.1333), places=5)

    @parameterized.expand(MASKS)
    def test_equal_images_have_loss_0(self, mask: str) -> None:
        y = mask_of(mask, (161, 161))
        self.assertEqual(MultiScaleSSIMLoss()(y, y).item(), 0)

    def test_is_symmetric(self) -> None:
        x, y = images(1, 1, 24, 24)
        loss = MultiScaleSSIMLoss(**SMALL)
        torch.testing.assert_close(loss(x, y), loss(y, x))

    @parameterized.expand(list(product(("organ", "noise"), DTYPES, ("coarsest", "every"))))
    def test_inverted_prediction_is_pulled_towards_the_mask(
        self, mask: str, dtype: torch.dtype, luminance: str
    ) -> None:
        target = mask_of(mask, (161, 161))
        loss = MultiScaleSSIMLoss(sigmoid=True, luminance=luminance)
        logits = logits_of("inverted", target, 4).to(dtype)
        value, gradient = with_gradient(loss, logits, target)
        self.assertTrue(value.isfinite() and gradient.isfinite().all())
        self.assertGreater(float(gradient.float().abs().sum()), 1e-5)
        step = logits.float() - 0.1 * gradient.float() / gradient.float().abs().max()
        self.assertLess(float(loss(step, target)), float(loss(logits.float(), target)))

    def test_whole_anticorrelation_costs_nearly_2(self) -> None:
        y = mask_of("noise", (161, 161))
        value, gradient = with_gradient(MultiScaleSSIMLoss(), 1 - y, y)
        self.assertTrue(1.7 < value < 2)
        self.assertGreater(float(gradient.abs().sum()), 0.1)

    @parameterized.expand(list(product(MASKS, PREDICTIONS, DTYPES)))
    def test_value_and_gradient_are_finite(self, mask: str, prediction: str, dtype: torch.dtype) -> None:
        target = mask_of(mask, (24, 24))
        for size in (5, 30_000):
            logits = logits_of(prediction, target, size).to(dtype)
            for luminance in ("coarsest", "every"):
                loss = MultiScaleSSIMLoss(sigmoid=True, luminance=luminance, **SMALL)
                value, gradient = with_gradient(loss, logits, target.to(dtype))
                self.assertTrue(value.isfinite() and gradient.isfinite().all(), (size, luminance))

    @parameterized.expand([(False,), (True,)])
    def test_gradient_is_the_derivative(self, inverted: bool) -> None:
        x, y = images(1, 2, 6, 5, dtype=torch.float64)
        x = (1 - x if inverted else x).requires_grad_()
        for luminance in ("coarsest", "every"):
            loss = MultiScaleSSIMLoss(kernel_size=3, weights=(0.3, 0.7), luminance=luminance)
            self.assertTrue(torch.autograd.gradcheck(loss, (x, y)))

    def test_powers_are_taken_per_image_and_channel(self) -> None:
        x, y = images(2, 3, 24, 24)
        loss = MultiScaleSSIMLoss(**SMALL)
        each = torch.stack(
            [torch.stack([loss(x[b : b + 1, c : c + 1], y[b : b + 1, c : c + 1]) for c in range(3)]) for b in range(2)]
        )
        torch.testing.assert_close(loss(x, y), each.mean())
        torch.testing.assert_close(MultiScaleSSIMLoss(reduction="none", **SMALL)(x, y), each)
        torch.testing.assert_close(MultiScaleSSIMLoss(reduction="sum", **SMALL)(x, y), each.sum())

    def test_channels_without_annotation_are_left_out(self) -> None:
        x, y = images(2, 2, 24, 24)
        ignored = y.clone()
        ignored[1, 0] = 255
        value, gradient = with_gradient(MultiScaleSSIMLoss(**SMALL), x, ignored)
        each = MultiScaleSSIMLoss(reduction="none", **SMALL)(x, y)
        torch.testing.assert_close(value, (each[0, 0] + each[0, 1] + each[1, 1]) / 3)
        self.assertFalse(gradient[1, 0].any())
        value, gradient = with_gradient(MultiScaleSSIMLoss(**SMALL), x, torch.full_like(y, 255))
        self.assertEqual((value.item(), gradient.abs().sum().item()), (0, 0))

    def test_is_computed_in_float32(self) -> None:
        x, y = images(1, 1, 24, 24)
        loss = MultiScaleSSIMLoss(sigmoid=True, **SMALL)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            under_autocast = loss(x, y)
        torch.testing.assert_close(under_autocast, loss(x, y), rtol=0, atol=0)
        half = x.to(torch.bfloat16)
        torch.testing.assert_close(
            loss.to(torch.bfloat16)(half, y.to(torch.uint8)), loss(half.float(), y), rtol=0, atol=0
        )

    def test_takes_meta_tensors_and_any_memory_layout(self) -> None:
        x, y = images(2, 2, 24, 24)
        loss = MultiScaleSSIMLoss(**SMALL)
        value = loss(MetaTensor(x), MetaTensor(y))
        self.assertIs(type(value), torch.Tensor)
        torch.testing.assert_close(value, loss(x, y))
        torch.testing.assert_close(loss(x.to(memory_format=torch.channels_last), y), loss(x, y))

    @parameterized.expand([((160, 200), {}, 161), ((40, 40), {"weights": (1, 1, 1)}, 41), ((9, 8, 9), SMALL, 9)])
    def test_small_image_raises_with_the_formula(self, size: tuple[int, ...], arguments: dict, smallest: int) -> None:
        x = torch.zeros(1, 1, *size)
        with self.assertRaisesRegex(ValueError, rf"\(kernel_size - 1\) \* 2 .* = {smallest} .*{size[0]}, .*`weights`"):
            MultiScaleSSIMLoss(**arguments)(x, x)
        x = torch.zeros(1, 1, *[smallest] * len(size))
        self.assertEqual(MultiScaleSSIMLoss(**arguments)(x, x).item(), 0)

    @parameterized.expand(
        [
            ({"kernel_size": 4}, "kernel_size"),
            ({"kernel_sigma": 0}, "kernel_sigma"),
            ({"k2": 0}, "k2"),
            ({"weights": ()}, "weights"),
            ({"weights": (1, -1)}, "weights"),
            ({"luminance": "none"}, "luminance"),
            ({"reduction": "median"}, "median"),
        ]
    )
    def test_wrong_argument_raises(self, arguments: dict, named: str) -> None:
        with self.assertRaisesRegex(ValueError, named):
            MultiScaleSSIMLoss(**arguments)

    def test_wrong_shape_raises(self) -> None:
        loss = MultiScaleSSIMLoss(**SMALL)
        with self.assertRaisesRegex(ValueError, r"\(1, 2, 24, 24\).*\(1, 1, 24, 24\)"):
            loss(torch.zeros(1, 2, 24, 24), torch.zeros(1, 1, 24, 24))
        with self.assertRaisesRegex(ValueError, r"\(1, 24, 24\)"):
            loss(torch.zeros(1, 24, 24), torch.zeros(1, 24, 24))


if __name__ == "__main__":
    unittest.main()
