# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.losses import DiceLoss, FocalLoss
from parameterized import parameterized

from monai_unet3plus.losses import AnnotatedLoss, UNet3PlusLoss
from monai_unet3plus.losses.annotated import is_annotated, mean_of_annotated
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
    def test_one_ignored_voxel_leaves_out_the_organ_of_that_image_only(self) -> None:
        target = torch.ones(2, 3, 4, 4, dtype=torch.uint8)
        target[0, 1] = IGNORED
        target[1, 2] = 0  # as a rotation leaves it, but for one voxel
        target[1, 2, 3, 3] = IGNORED
        for values in (target, target.float()):
            self.assertEqual(is_annotated(values).tolist(), [[True, False, True], [True, True, False]])

    def test_mean_leaves_out_what_is_not_annotated(self) -> None:
        values = torch.tensor([[1.0, 100.0], [4.0, 7.0]])
        annotated = torch.tensor([[True, False], [True, True]])
        self.assertEqual(mean_of_annotated(values, annotated).item(), 4)
        self.assertEqual(mean_of_annotated(values, torch.zeros_like(annotated)).item(), 0)


if __name__ == "__main__":
    unittest.main()
