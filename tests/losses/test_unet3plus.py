# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from copy import deepcopy
from itertools import product
from unittest.mock import patch

import pytorch_msssim
import torch
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedTrainer
from parameterized import parameterized

from monai_unet3plus.losses import MultiScaleSSIMLoss, UNet3PlusLoss
from monai_unet3plus.networks.nets import UNet3Plus
from tests.losses.masks import DTYPES, MASKS, PREDICTIONS, logits_of, mask_of

# MS-SSIM of small images, from 21 voxels up.
SMALL = {"ms_ssim_kwargs": {"weights": (0.4, 0.6)}}
NAMES = ("focal", "ms_ssim", "iou", "presence")


def only(name: str, **arguments: object) -> UNet3PlusLoss:
    """The loss with a single part."""
    return UNet3PlusLoss(**{f"lambda_{other}": float(other == name) for other in NAMES}, **{**SMALL, **arguments})


def logits_and_target(organs: int = 2, size: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.zeros(2, organs, size, size, dtype=torch.uint8)
    target[:, :, size // 4 : size // 2, size // 4 : size // 2] = 1
    return torch.randn(target.shape, generator=generator) + 2 * target, target


def tiny_network(**arguments: object) -> UNet3Plus:
    torch.manual_seed(0)
    return UNet3Plus(features=(2, 4, 4, 4, 8), out_channels=2, classification_guided=True, **arguments)


class TestUNet3PlusLoss(unittest.TestCase):
    def test_is_the_weighted_sum_of_parts_restated_by_hand(self) -> None:
        logits, target = logits_and_target(size=161)
        presence_logits, mask = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(1)), target.float()
        loss = UNet3PlusLoss(2.0, 3.0, 5.0, 7.0, gamma=1.5, alpha=0.7)
        total = loss((logits, presence_logits), target)
        p = logits.sigmoid()
        focal = -0.7 * mask * (1 - p) ** 1.5 * p.log() - 0.3 * (1 - mask) * p**1.5 * (1 - p).log()
        iou = 1 - (p * mask).sum((2, 3)) / (p + mask - p * mask).sum((2, 3))
        presence = presence_logits.logsumexp(2) - presence_logits[..., 1]  # both organs are in both images
        expected = {
            "focal": focal.mean(),
            "ms_ssim": 1 - pytorch_msssim.ms_ssim(p, mask, data_range=1),
            "iou": iou.mean(),
            "presence": presence.mean(),
        }
        self.assertEqual(set(loss.parts), set(expected))
        for name, part in expected.items():
            torch.testing.assert_close(loss.parts[name], part, rtol=0, atol=1e-5, msg=name)
        weighted = sum(weight * expected[name] for weight, name in zip((2, 3, 5, 7), NAMES))
        torch.testing.assert_close(total, weighted, rtol=0, atol=1e-4)
        self.assertEqual((total.dim(), total.dtype, type(total)), (0, torch.float32, torch.Tensor))

    def test_side_outputs_are_summed_with_their_weights(self) -> None:
        logits, target = logits_and_target()
        outputs = [logits, logits + 1, -logits]
        each = [UNet3PlusLoss(**SMALL)(output, target) for output in outputs]
        torch.testing.assert_close(UNet3PlusLoss(**SMALL)(outputs, target), each[0] + each[1] + each[2])
        weighted = UNet3PlusLoss(output_weights=(1, 0.5, 0), **SMALL)
        torch.testing.assert_close(weighted(outputs, target), each[0] + 0.5 * each[1])
        torch.testing.assert_close(weighted(logits, target), each[0])
        guided = UNet3PlusLoss(**SMALL)
        torch.testing.assert_close(guided((outputs, torch.zeros(2, 2, 2)), target), sum(each) + torch.tensor(2.0).log())
        self.assertEqual(set(guided.parts), set(NAMES))
        self.assertFalse(any(part.requires_grad for part in guided.parts.values()))

    def test_presence_is_one_per_image_and_organ_and_learns_from_one_voxel(self) -> None:
        target = torch.zeros(2, 2, 24, 24, dtype=torch.uint8)
        target[0, 1, 3, 4] = 1
        presence_logits = torch.zeros(2, 2, 2, requires_grad=True)
        value = only("presence")((torch.zeros(2, 2, 24, 24), presence_logits), target)
        self.assertAlmostEqual(value.item(), 0.693147, places=5)
        (gradient,) = torch.autograd.grad(value, presence_logits)
        says_absent, says_present = [-0.125, 0.125], [0.125, -0.125]
        expected = torch.tensor([[says_absent, says_present], [says_absent, says_absent]])
        torch.testing.assert_close(gradient, expected)

    @parameterized.expand(list(product(MASKS, PREDICTIONS, DTYPES)))
    def test_value_and_gradient_are_finite(self, mask: str, prediction: str, dtype: torch.dtype) -> None:
        target = mask_of(mask, (24, 24))
        for size in (3, 30, 30_000):
            for name in ("focal", "ms_ssim", "iou"):
                logits = logits_of(prediction, target, size).to(dtype).requires_grad_()
                value = only(name)(logits, target.to(dtype))
                (gradient,) = torch.autograd.grad(value, logits)
                self.assertEqual((value.dtype, gradient.dtype), (torch.float32, dtype))
                self.assertTrue(value.isfinite() and gradient.isfinite().all(), (size, name))
                if prediction == "perfect" and size >= 30:
                    self.assertLess(value.item(), 1e-5)
                if prediction == "inverted" and size == 3:
                    self.assertTrue((gradient * (2 * target - 1)).sum() < 0, f"{name} does not pull towards the mask")

    @parameterized.expand(list(product(MASKS, DTYPES)))
    def test_wrong_presence_has_finite_value_and_gradient(self, mask: str, dtype: torch.dtype) -> None:
        target = mask_of(mask, (24, 24))
        wrong = torch.tensor([[[-30_000.0, 30_000.0]]]) * (-1 if target.any() else 1)
        presence_logits = wrong.to(dtype).requires_grad_()
        value = only("presence")((torch.zeros_like(target), presence_logits), target)
        (gradient,) = torch.autograd.grad(value, presence_logits)
        self.assertAlmostEqual(value.item(), 60_000, delta=300)
        self.assertEqual(gradient.abs().flatten().tolist(), [1, 1])

    def test_organs_without_annotation_are_left_out_of_every_part(self) -> None:
        logits, target = logits_and_target()
        target[0, 1] = 255
        for name in NAMES:
            outputs = [logits.clone().requires_grad_(), (-logits).requires_grad_()]
            presence_logits = torch.randn(2, 2, 2, generator=torch.Generator().manual_seed(1)).requires_grad_()
            value = only(name)((outputs, presence_logits), target)
            gradients = torch.autograd.grad(value, [*outputs, presence_logits])
            for gradient in gradients:
                self.assertFalse(gradient[0, 1].any(), name)
            self.assertTrue(any(gradient[0, 0].any() and gradient[1, 1].any() for gradient in gradients), name)
            three = [
                only(name)(([o[b : b + 1, k : k + 1] for o in outputs], presence_logits[b : b + 1, k : k + 1]), one)
                for b, k in ((0, 0), (1, 0), (1, 1))
                for one in [target[b : b + 1, k : k + 1]]
            ]
            torch.testing.assert_close(value, sum(three) / 3)

    def test_nothing_annotated_is_0_with_a_gradient_of_0(self) -> None:
        logits, target = logits_and_target()
        logits.requires_grad_()
        value = UNet3PlusLoss(**SMALL)(logits, torch.full_like(target, 255))
        (gradient,) = torch.autograd.grad(value, logits)
        self.assertEqual((value.item(), gradient.abs().sum().item()), (0, 0))

    @parameterized.expand(list(product((0, 1), repeat=4)))
    def test_every_parameter_has_a_gradient_whatever_the_weights(self, *lambdas: int) -> None:
        network = tiny_network(deep_supervision=True)
        _, target = logits_and_target(size=32)
        loss = UNet3PlusLoss(*lambdas, output_weights=(1, 1, 0, 1, 1), **SMALL)
        value = loss(network(torch.rand(2, 3, 32, 32)), target)
        value.backward()
        self.assertTrue(all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters()))
        self.assertEqual(list(loss.parts), [name for name, weight in zip(NAMES, lambdas) if weight])
        if not any(lambdas):
            self.assertEqual(value.item(), 0)

    def test_ms_ssim_without_weight_is_not_computed_and_needs_no_large_image(self) -> None:
        logits, target = logits_and_target()
        with patch.object(MultiScaleSSIMLoss, "forward", side_effect=AssertionError("computed")):
            UNet3PlusLoss(lambda_ms_ssim=0)(logits, target)
        with self.assertRaisesRegex(ValueError, "= 161 or more voxels"):
            UNet3PlusLoss()(logits, target)

    def test_is_computed_in_float32(self) -> None:
        logits, target = logits_and_target()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            under_autocast = UNet3PlusLoss(**SMALL)((logits, logits[..., 0, :2]), target)
        loss = UNet3PlusLoss(**SMALL)
        torch.testing.assert_close(under_autocast, loss((logits, logits[..., 0, :2]), target), rtol=0, atol=0)
        half = logits.to(torch.float16)
        torch.testing.assert_close(loss.half()(half, target), loss(half.float(), target), rtol=0, atol=0)

    def test_takes_3d_and_meta_tensors(self) -> None:
        target = mask_of("organ", (22, 21, 23))
        logits = logits_of("perfect", target, 2)
        loss = UNet3PlusLoss(**SMALL)
        value = loss(MetaTensor(logits), MetaTensor(target))
        self.assertIs(type(value), torch.Tensor)
        torch.testing.assert_close(value, loss(logits, target))

    def test_can_be_copied_after_use(self) -> None:
        logits, target = logits_and_target()
        logits.requires_grad_()
        loss = UNet3PlusLoss(**SMALL)
        value = loss(logits, target)
        torch.testing.assert_close(deepcopy(loss)(logits, target), value, rtol=0, atol=0)

    @parameterized.expand([(False,), (True,)])
    def test_monai_trainer_learns_with_it(self, deep_supervision: bool) -> None:
        _, target = logits_and_target(size=32)
        image = torch.cat((target[0], target[0, :1])).float()
        network, losses = tiny_network(deep_supervision=deep_supervision), []
        trainer = SupervisedTrainer(
            device=torch.device("cpu"),
            max_epochs=15,
            train_data_loader=DataLoader(Dataset([{"image": image, "label": target[0]}] * 2), batch_size=2),
            network=network,
            optimizer=torch.optim.Adam(network.parameters(), lr=1e-2),
            loss_function=UNet3PlusLoss(**SMALL),
            decollate=False,
        )
        trainer.add_event_handler("ITERATION_COMPLETED", lambda engine: losses.append(engine.state.output["loss"]))
        trainer.run()
        self.assertLess(losses[-1], 0.7 * losses[0])

    @parameterized.expand(
        [
            ({"lambda_iou": -1}, "lambda_iou"),
            ({"output_weights": ()}, "output_weights"),
            ({"output_weights": (1, -1)}, "output_weights"),
            ({"gamma": -1}, "gamma"),
            ({"alpha": 2}, "alpha"),
            ({"iou_smooth": 0}, "iou_smooth"),
        ]
    )
    def test_wrong_argument_raises(self, arguments: dict, named: str) -> None:
        with self.assertRaisesRegex(ValueError, named):
            UNet3PlusLoss(**arguments)

    def test_what_does_not_fit_raises(self) -> None:
        logits, target = logits_and_target()
        loss = UNet3PlusLoss(output_weights=(1, 1), **SMALL)
        for given, sentence in (
            ([logits], "1 outputs, but 2 `output_weights`"),
            ([logits, logits[:, :1]], r"\(2, 1, 24, 24\).*\(2, 2, 24, 24\)"),
            ((logits, torch.zeros(2, 2)), r"\(2, 2, 2\), but got \(2, 2\)"),
        ):
            with self.assertRaisesRegex(ValueError, sentence):
                loss(given, target)


if __name__ == "__main__":
    unittest.main()
