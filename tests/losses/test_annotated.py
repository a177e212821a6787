# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from collections.abc import Callable
from unittest import mock

import torch
from monai.losses import DiceLoss, FocalLoss
from parameterized import parameterized

from monai_unet3plus.losses import AnnotatedLoss, MultiScaleSSIMLoss, UNet3PlusLoss
from monai_unet3plus.losses.annotated import annotation_weights, check_target, mean_over_annotated
from monai_unet3plus.utils.errors import InputError
from monai_unet3plus.utils.labels import IGNORED

LOGITS = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(0))
MASK = (torch.rand(2, 3, 8, 9, generator=torch.Generator().manual_seed(1)) > 0.5).float()


class TestAnnotatedLoss(unittest.TestCase):
    @parameterized.expand([(DiceLoss, {"sigmoid": True}), (FocalLoss, {})])
    def test_is_the_loss_itself_where_all_is_annotated(self, loss: type, options: dict) -> None:
        found = AnnotatedLoss(loss(**options, reduction="none"))(LOGITS, MASK)
        torch.testing.assert_close(found, loss(**options)(LOGITS, MASK))

    def test_what_is_not_annotated_has_no_part_in_it(self) -> None:
        target = MASK.clone()
        target[0, 1] = 255
        dice = DiceLoss(sigmoid=True, reduction="none")
        logits = LOGITS.clone().requires_grad_()
        loss = AnnotatedLoss(dice)(logits, target)
        annotated = [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)]
        expected = [dice(LOGITS[b : b + 1, k : k + 1], MASK[b : b + 1, k : k + 1]) for b, k in annotated]
        torch.testing.assert_close(loss, torch.stack(expected).mean())
        loss.backward()
        self.assertTrue((logits.grad[0, 1] == 0).all())
        self.assertGreater(float(logits.grad[0, 0].abs().max()), 0)

    def test_nothing_annotated_is_0_with_finite_gradients(self) -> None:
        logits = LOGITS.clone().requires_grad_()
        loss = AnnotatedLoss(DiceLoss(sigmoid=True, reduction="none"))(logits, torch.full_like(MASK, 255))
        loss.backward()
        self.assertEqual(float(loss), 0)
        self.assertTrue((logits.grad == 0).all())

    def test_half_precision_is_computed_in_float32(self) -> None:
        loss = AnnotatedLoss(DiceLoss(sigmoid=True, reduction="none"))(LOGITS.bfloat16(), MASK)
        self.assertEqual(loss.dtype, torch.float32)

    def test_a_loss_that_is_reduced_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, r'shape \(2, 3\).*got \(\).*reduction="none"'):
            AnnotatedLoss(DiceLoss(sigmoid=True))(LOGITS, MASK)

    def test_focal_loss_of_gamma_0_is_binary_cross_entropy(self) -> None:
        # as the overrides of PSPNet and DeepLab have it
        found = UNet3PlusLoss(gamma=0.0, lambda_ms_ssim=0, lambda_iou=0)(LOGITS, MASK)
        torch.testing.assert_close(found, torch.nn.functional.binary_cross_entropy_with_logits(LOGITS, MASK))


class TestAnnotation(unittest.TestCase):
    def test_a_mask_of_255_leaves_out_the_organ_of_that_image_only(self) -> None:
        target = torch.ones(2, 3, 4, 4, dtype=torch.uint8)
        target[0, 1], target[1, 2] = IGNORED, 0
        for dtype in (torch.uint8, torch.int64, torch.float32, torch.bfloat16, torch.float16):
            self.assertEqual(annotation_weights(target.to(dtype)).tolist(), [[1, 0, 1], [1, 1, 1]])
        self.assertEqual(annotation_weights(target[1:] > 0).tolist(), [[1, 1, 1]])

    @parameterized.expand(
        [
            ("0_and_255", lambda mask: mask * 255, "found 0 to 255 in organ 2 of image 1. Divide a mask of 0 and 255"),
            ("255_beside_1", lambda mask: mask + 255 * mask.roll(1, 0), "found 0 to 255"),
            ("0_and_2", lambda mask: mask * 2, "found 0 to 2 in organ 2 of image 1.$"),
            ("negative", lambda mask: -mask, "found -1 to 0 in organ 2 of image 1.$"),
            ("nan", lambda mask: torch.where(mask > 0, torch.nan, mask), "found nan to nan"),
            ("infinite", lambda mask: mask / 0, "found nan to nan"),
        ]
    )
    def test_other_values_are_an_error_or_on_a_gpu_nan(self, _: str, change: Callable, sentence: str) -> None:
        target = torch.zeros(2, 3, 8, 9)
        target[0, 0], target[1, 2, 2:5, 3:6] = IGNORED, change(torch.eye(3))
        losses: list[torch.nn.Module] = [
            UNet3PlusLoss(lambda_ms_ssim=0),
            AnnotatedLoss(DiceLoss(sigmoid=True, reduction="none")),
            MultiScaleSSIMLoss(sigmoid=True, kernel_size=3, weights=(0.3, 0.7)),
        ]
        for loss in losses:
            with self.assertRaisesRegex(InputError, sentence):
                loss(LOGITS, target)
        with self.assertRaisesRegex(InputError, sentence):
            check_target(target)
        on_gpu = mock.Mock(wraps=target, device=torch.device("cuda"))
        weights = annotation_weights(on_gpu)
        self.assertEqual(weights[0].tolist(), [0, 1, 1])
        self.assertTrue(weights[1, 2].isnan() and mean_over_annotated(torch.ones(2, 3), weights).isnan())

    def test_soft_masks_are_masks(self) -> None:
        """As mixing, smoothing and interpolation make them."""
        for soft in (MASK * 0.999, 0.05 + 0.9 * MASK, MASK * 1.0005):
            self.assertTrue((annotation_weights(soft) == 1).all())
            presence = torch.tensor([[[0.0, 5.0]] * 3] * 2)
            loss = UNet3PlusLoss(lambda_ms_ssim=0)
            loss((LOGITS, presence), soft)
            hard = loss.parts["presence"]
            loss((LOGITS, presence), MASK)
            torch.testing.assert_close(loss.parts["presence"], hard)

    def test_mean_leaves_out_what_is_not_annotated(self) -> None:
        values = torch.tensor([[1.0, 100.0], [4.0, 7.0]])
        annotated = torch.tensor([[True, False], [True, True]])
        self.assertEqual(mean_over_annotated(values, annotated).item(), 4)
        self.assertEqual(mean_over_annotated(values, torch.zeros_like(annotated)).item(), 0)


if __name__ == "__main__":
    unittest.main()
