# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Losses over annotated organs only: a wrapper of any loss, and their mean."""

from __future__ import annotations

from collections.abc import Callable

import torch
from monai.utils import convert_to_tensor
from torch.nn.modules.loss import _Loss

from ..utils.errors import InputError
from ..utils.labels import IGNORED

__all__ = ["AnnotatedLoss", "annotation_weights", "check_target", "mean_over_annotated", "to_float32"]

_TOLERANCE = 1e-3  # of values that were interpolated
_HINT = (
    f" Divide a mask of 0 and {IGNORED} by {IGNORED}. Fill masks with {IGNORED} after transforms that pad or rotate, "
    "as LabelMapToMasksd does."
)


def annotation_weights(target: torch.Tensor) -> torch.Tensor:
    """
    The weight of each organ of each image in a loss: 1, or 0 where it is not annotated.

    Wrong values are an error on a CPU. A GPU would have to be waited for, so there the weight is NaN, and so is the
    loss; :py:func:`check_target` gives the reason.

    Args:
        target: masks of shape ``(B, K, H, W[, D])``: values from 0 to 1, soft ones too, or ``IGNORED`` in the whole
            mask of an organ that is not annotated.

    Returns:
        0, 1 or NaN of shape ``(B, K)``.

    Raises:
        InputError: When values are others, unless on a GPU; it is a ValueError too.
    """
    lowest, highest = target.flatten(2).aminmax(dim=2)
    is_ignored = (lowest == IGNORED) & (highest == IGNORED)
    weights = torch.where(is_ignored, 0.0, torch.nan)
    weights = torch.where((lowest >= -_TOLERANCE) & (highest <= 1 + _TOLERANCE), 1.0, weights)
    if target.device.type == "cpu" and bool(weights.isnan().any()):
        image, organ = weights.isnan().nonzero()[0].tolist()
        low, high = float(lowest[image, organ]), float(highest[image, organ])
        raise InputError(
            f"target: expected values from 0 to 1, or {IGNORED} in the whole mask of an organ that is not annotated, "
            f"but found {low:g} to {high:g} in organ {organ} of image {image}."
            + (_HINT if (low, high) == (0, IGNORED) else "")
        )
    return weights


def check_target(target: torch.Tensor) -> None:
    """
    Check the values of masks as losses take them, also of masks on a GPU.

    Args:
        target: masks of shape ``(B, K, H, W[, D])``.

    Raises:
        InputError: When values are not from 0 to 1 and not ``IGNORED`` in a whole mask.
    """
    annotation_weights(convert_to_tensor(target, track_meta=False).cpu())


def mean_over_annotated(values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """
    The mean over those organs and images that are annotated; 0 where none is.

    Args:
        values: finite values of shape ``(B, K)``.
        weights: as :py:func:`annotation_weights` gives them, ``(B, K)``.

    Returns:
        a scalar.
    """
    return (values * weights).sum() / weights.sum().clamp(min=1)


def to_float32(tensor: torch.Tensor) -> torch.Tensor:
    """A plain tensor in float32; double precision stays. Autocast would change convolutions only, those of MS-SSIM."""
    tensor = convert_to_tensor(tensor, track_meta=False)
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


class AnnotatedLoss(_Loss):
    """
    Any loss of MONAI's for the bundle's masks, without organs that a case does not annotate, whose whole mask is 255.

    It is the mean over annotated images and organs of the loss of each, in float32, also under autocast.

    Args:
        loss: takes logits and masks ``(B, K, H, W[, D])`` and returns values of shape ``(B, K)``, or with further axes,
            which are averaged: a loss of MONAI's with ``sigmoid=True`` and ``reduction="none"``.

    Examples::

        >>> loss = AnnotatedLoss(monai.losses.DiceLoss(sigmoid=True, reduction="none"))
        >>> loss(torch.rand(2, 3, 64, 64), torch.ones(2, 3, 64, 64))
    """

    check_target = staticmethod(check_target)

    def __init__(self, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """
        Args:
            input: logits of shape ``(B, K, H, W[, D])``.
            target: one mask per organ, shape as the logits, values from 0 to 1, or 255 in a whole mask.

        Returns:
            a scalar.

        Raises:
            ValueError: When the loss does not return a value per image and organ.
            InputError: When the target has other values; on a GPU the loss is NaN instead. It is a ValueError too.
        """
        logits = to_float32(input)
        target = convert_to_tensor(target, track_meta=False)
        weights = annotation_weights(target)
        values = self.loss(logits, torch.where(target == IGNORED, 0, target).to(logits.dtype))
        if values.dim() < 2 or values.shape[:2] != target.shape[:2]:
            raise ValueError(
                f"Expected a loss of shape {tuple(target.shape[:2])}, perhaps with further axes, but got "
                f'{tuple(values.shape)}. Was it built with reduction="none"?'
            )
        return mean_over_annotated(values.reshape(*values.shape[:2], -1).mean(dim=2), weights)
