# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The soft intersection-over-union loss."""

from __future__ import annotations

import torch


def soft_iou_loss(probabilities: torch.Tensor, target: torch.Tensor, smooth: float) -> torch.Tensor:
    r"""
    One minus the intersection over union of probabilities p and a mask t, per image and organ.

    Where a voxel of the mask exceeds 0.5 this is the plain :math:`1 - \sum pt / \sum (p + t - pt)`, which needs no
    smoothing. An empty mask has no intersection with any prediction; there the loss is
    :math:`\bar{p} / (\bar{p} + s)` with the mean probability and ``smooth`` s. It grows from 0 for an empty prediction
    to nearly 1 for a full one, in the same way for every image size.

    MONAI's ``DiceLoss(jaccard=True)`` smooths all masks alike, by a constant (``smooth_nr`` in its ``forward``): the
    default 1e-5 leaves empty masks a gradient below 1e-8, a useful one (hundreds of voxels) would bend the IoU of
    small organs; and its sums overflow in float16.

    Args:
        probabilities: values in [0, 1] of shape ``(B, K, H, W[, D])``, float32 or more precise.
        target: values in [0, 1], shape and type as ``probabilities``.
        smooth: the mean probability in an image without the organ that costs 0.5, positive.

    Returns:
        values in [0, 1] of shape ``(B, K)``.
    """
    p, t = probabilities.flatten(2), target.flatten(2)
    intersection = (p * t).sum(dim=2)
    union = p.sum(dim=2) + t.sum(dim=2) - intersection
    mean = p.mean(dim=2)
    return torch.where(t.amax(dim=2) > 0.5, 1 - intersection / union.clamp(min=0.5), mean / (mean + smooth))
