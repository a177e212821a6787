# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses over annotated organs only: a wrapper of any loss, and the mean over what is annotated."""

from __future__ import annotations

from collections.abc import Callable

import torch
from monai.utils import convert_to_tensor
from torch.nn.modules.loss import _Loss

from ..utils.labels import IGNORED

__all__ = ["AnnotatedLoss", "is_annotated", "mean_of_annotated"]


class AnnotatedLoss(_Loss):
    """
    Any loss of MONAI's for the bundle's masks, leaving out organs that a case does not annotate, whose mask holds 255.

    It is the mean over annotated images and organs of the loss of each, in float32, also under autocast.

    Args:
        loss: takes logits and masks ``(B, K, H, W[, D])`` and returns values of shape ``(B, K)``, or with further axes,
            which are averaged: a loss of MONAI's with ``sigmoid=True`` and ``reduction="none"``.

    Examples::

        >>> loss = AnnotatedLoss(monai.losses.DiceLoss(sigmoid=True, reduction="none"))
        >>> loss(torch.rand(2, 3, 64, 64), torch.ones(2, 3, 64, 64))
    """

    def __init__(self, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """
        Args:
            input: logits of shape ``(B, K, H, W[, D])``.
            target: one mask per organ, shape as the logits, values 0, 1 and 255.

        Returns:
            a scalar.

        Raises:
            ValueError: When the loss does not return a value per image and organ.
        """
        logits = convert_to_tensor(input, track_meta=False)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        target = convert_to_tensor(target, track_meta=False)
        values = self.loss(logits, torch.where(target == IGNORED, 0, target).to(logits.dtype))
        if values.dim() < 2 or values.shape[:2] != target.shape[:2]:
            raise ValueError(
                f"Expected a loss of shape {tuple(target.shape[:2])}, perhaps with further axes, but got "
                f'{tuple(values.shape)}. Was it built with reduction="none"?'
            )
        return mean_of_annotated(values.reshape(*values.shape[:2], -1).mean(dim=2), is_annotated(target))


def is_annotated(target: torch.Tensor) -> torch.Tensor:
    """
    Which organs of which images have a mask to learn from.

    One voxel of IGNORED is enough to leave the organ out: rotating and padding an image put zeros at the border of a
    mask that is otherwise all IGNORED.

    Args:
        target: masks of shape ``(B, K, H, W[, D])``, values 0, 1 and ``IGNORED``.

    Returns:
        booleans of shape ``(B, K)``.
    """
    return ~(target == IGNORED).flatten(2).any(dim=2)


def mean_of_annotated(values: torch.Tensor, annotated: torch.Tensor) -> torch.Tensor:
    """
    The mean over those organs and images that are annotated; 0 where none is.

    Args:
        values: finite values of shape ``(B, K)``.
        annotated: booleans of shape ``(B, K)``.

    Returns:
        a scalar.
    """
    return (values * annotated).sum() / annotated.sum().clamp(min=1)
