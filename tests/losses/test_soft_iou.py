# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.losses import DiceLoss
from parameterized import parameterized

from monai_unet3plus.losses.soft_iou import soft_iou_loss

SMOOTH = 0.01


def loss_and_slope(probability: float, target: torch.Tensor) -> tuple[float, float]:
    """The loss of a constant prediction, and how it grows with its probability."""
    p = torch.tensor(probability, requires_grad=True)
    loss = soft_iou_loss(p.expand(target.shape), target, SMOOTH).mean()
    loss.backward()
    assert p.grad is not None
    return loss.item(), p.grad.item()


class TestSoftIoULoss(unittest.TestCase):
    def test_hand_computed(self) -> None:
        p = torch.tensor([0.5, 1.0, 0.0, 0.5]).reshape(1, 1, 2, 2)
        t = torch.tensor([1.0, 1.0, 0.0, 0.0]).reshape(1, 1, 2, 2)
        torch.testing.assert_close(soft_iou_loss(p, t, SMOOTH), torch.tensor([[1 - 1.5 / 2.5]]))

    @parameterized.expand([((7, 9),), ((5, 6, 7),)])
    def test_equals_monai_without_smoothing_on_masks_that_are_not_empty(self, size: tuple[int, ...]) -> None:
        generator = torch.Generator().manual_seed(0)
        p, t = torch.rand(2, 3, *size, generator=generator), torch.rand(2, 3, *size, generator=generator).round()
        expected = DiceLoss(jaccard=True, smooth_nr=0, smooth_dr=0, reduction="none")(p, t).flatten(1)
        torch.testing.assert_close(soft_iou_loss(p, t, SMOOTH), expected)

    @parameterized.expand([((8, 8),), ((64, 64),), ((8, 8, 8),)])
    def test_empty_mask_has_one_loss_and_a_useful_slope_for_every_size(self, size: tuple[int, ...]) -> None:
        empty = torch.zeros(1, 1, *size)
        for probability, loss in ((0.0, 0.0), (SMOOTH, 0.5), (1.0, 1 / 1.01)):
            found, slope = loss_and_slope(probability, empty)
            self.assertAlmostEqual(found, loss, places=5)
            self.assertAlmostEqual(slope, SMOOTH / (probability + SMOOTH) ** 2, delta=1e-3)

    def test_soft_mask_is_empty_up_to_one_half(self) -> None:
        for value, slope_sign in ((0.4, 1), (0.6, -1)):
            _, slope = loss_and_slope(0.5, torch.full((1, 1, 4, 4), value))
            self.assertEqual(slope > 0, slope_sign > 0)

    def test_full_and_one_voxel_masks(self) -> None:
        full, voxel = torch.ones(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
        voxel[..., 1, 1] = 1
        for target, probability, loss in ((full, 1.0, 0.0), (full, 0.0, 1.0), (voxel, 0.0, 1.0), (voxel, 1.0, 15 / 16)):
            found, slope = loss_and_slope(probability, target)
            self.assertAlmostEqual(found, loss, places=6)
            self.assertTrue(torch.tensor(slope).isfinite())


if __name__ == "__main__":
    unittest.main()
