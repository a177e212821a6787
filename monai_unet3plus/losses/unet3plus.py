# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's hybrid segmentation loss: focal, MS-SSIM and IoU, and cross-entropy for presence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from monai.losses import FocalLoss
from monai.utils import convert_to_tensor
from torch.nn.modules.loss import _Loss

from ..utils.labels import IGNORED
from .annotated import annotation_weights, check_target, mean_over_annotated, to_float32
from .ms_ssim import MultiScaleSSIMLoss
from .soft_iou import soft_iou_loss

__all__ = ["UNet3PlusLoss"]

# One output, or the side outputs with the finest first.
Prediction: TypeAlias = "torch.Tensor | list[torch.Tensor]"


class UNet3PlusLoss(_Loss):
    """
    The loss that UNet 3+ is trained with: focal + MS-SSIM + IoU for each output, and cross-entropy for presence.

    Takes all outputs of :py:class:`monai_unet3plus.networks.nets.UNet3Plus`. Each part is the mean over images and
    organs, and the parts of side outputs are summed. The paper (sections 2.2 and 2.3) adds the parts up unweighted and
    gives no parameters of the focal loss; the defaults are so, with MONAI's focal loss (gamma 2, no alpha).

    - focal: :py:class:`monai.losses.FocalLoss`, the mean over voxels.
    - MS-SSIM: :py:class:`monai_unet3plus.losses.MultiScaleSSIMLoss`. With its defaults an axis has 161 voxels or more.
    - IoU: one minus the soft IoU. Where the mask is empty it is ``mean / (mean + iou_smooth)`` of the mean probability.
    - presence: an organ is present in an image if any voxel of its mask exceeds 0.5.

    Organs that a case does not annotate, whose whole mask is 255, are left out of every part. A part with weight 0 is
    not computed, and outputs that only it would have used enter the total times 0: so every parameter of the network
    gets a gradient, as distributed training wants. All is computed in float32, also under autocast.

    After each call ``parts`` holds the detached parts that were computed, by name (``"focal"``, ``"ms_ssim"``,
    ``"iou"``, ``"presence"``), summed over outputs and before their lambda: the total is the sum of lambda times part.

    Based on:
        Huang et al.: UNet 3+: A full-scale connected UNet for medical image segmentation. ICASSP 2020.
        https://doi.org/10.1109/ICASSP40776.2020.9053405

    Args:
        lambda_focal: weight of the focal loss. Defaults to 1.
        lambda_ms_ssim: weight of the MS-SSIM loss. Defaults to 1.
        lambda_iou: weight of the IoU loss. Defaults to 1.
        lambda_presence: weight of the cross-entropy on presence logits. Defaults to 1.
        output_weights: weight of each output, finest first; a single output takes the first. Defaults to None: 1 each.
        gamma: exponent of the focal loss. Defaults to 2.
        alpha: share of organ voxels in the alpha-balanced focal loss, from 0 to 1. Defaults to None: no balance.
        iou_smooth: the mean probability in an image without the organ that costs 0.5. Defaults to 0.01.
        ms_ssim_kwargs: arguments of MultiScaleSSIMLoss other than ``sigmoid`` and ``reduction``, for instance
            ``{"weights": [0.0448, 0.2856, 0.3001]}`` for small images. Defaults to None.

    Raises:
        ValueError: When a weight or ``gamma`` is negative, ``alpha`` is outside 0 to 1 or ``iou_smooth`` not positive.

    Examples::

        >>> network = UNet3Plus(out_channels=2, deep_supervision=True, classification_guided=True)
        >>> loss = UNet3PlusLoss()(network(torch.rand(2, 3, 320, 320)), torch.ones(2, 2, 320, 320))
    """

    check_target = staticmethod(check_target)

    def __init__(
        self,
        lambda_focal: float = 1.0,
        lambda_ms_ssim: float = 1.0,
        lambda_iou: float = 1.0,
        lambda_presence: float = 1.0,
        output_weights: Sequence[float] | None = None,
        gamma: float = 2.0,
        alpha: float | None = None,
        iou_smooth: float = 0.01,
        ms_ssim_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.lambdas = dict(focal=lambda_focal, ms_ssim=lambda_ms_ssim, iou=lambda_iou, presence=lambda_presence)
        for name, value in self.lambdas.items():
            if value < 0:
                raise ValueError(f"Expected argument `lambda_{name}` to be 0 or more, but got {value}.")
        if output_weights is not None and (not output_weights or min(output_weights) < 0):
            raise ValueError(f"Expected argument `output_weights` to hold numbers from 0 up, but got {output_weights}.")
        if gamma < 0:
            raise ValueError(f"Expected argument `gamma` to be 0 or more, but got {gamma}.")
        if alpha is not None and not 0 <= alpha <= 1:
            raise ValueError(f"Expected argument `alpha` to be from 0 to 1, but got {alpha}.")
        if iou_smooth <= 0:
            raise ValueError(f"Expected argument `iou_smooth` to be positive, but got {iou_smooth}.")
        self.output_weights = None if output_weights is None else tuple(output_weights)
        self.iou_smooth = iou_smooth
        self.focal = FocalLoss(gamma=gamma, alpha=alpha, reduction="none")
        self.ms_ssim = MultiScaleSSIMLoss(**(ms_ssim_kwargs or {}), reduction="none")
        self.parts: dict[str, torch.Tensor] = {}

    def forward(self, input: Prediction | tuple[Prediction, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """
        Args:
            input: logits of shape ``(B, K, H, W[, D])``; or a list of them, finest first; or a tuple of either and
                presence logits of shape ``(B, K, 2)``, index 1 meaning present.
            target: one mask per organ, shape as the logits, values from 0 to 1, or 255 in a whole mask.

        Returns:
            a scalar.

        Raises:
            ValueError: When shapes or the number of outputs do not fit, or MS-SSIM needs a larger image.
            InputError: When the target has other values; on a GPU the loss is NaN instead. It is a ValueError too.
        """
        prediction, presence_logits = input if isinstance(input, tuple) else (input, None)
        outputs = prediction if isinstance(prediction, list) else [prediction]
        output_weights = self._get_weights(prediction)
        target = convert_to_tensor(target, track_meta=False)
        _check_shapes(outputs, presence_logits, target)
        weights = annotation_weights(target)
        mask = torch.where(target == IGNORED, 0, target).float()
        parts: dict[str, torch.Tensor] = {}
        unused: list[torch.Tensor] = []
        for output, weight in zip(outputs, output_weights):
            found = self._segmentation_parts(to_float32(output), mask, weights) if weight > 0 else {}
            for name, part in found.items():
                parts[name] = parts.get(name, 0) + weight * part
            unused += [] if found else [output]
        if presence_logits is not None:
            if self.lambdas["presence"] > 0:
                parts["presence"] = _presence_part(to_float32(presence_logits), mask, weights)
            else:
                unused.append(presence_logits)
        terms = [self.lambdas[name] * part for name, part in parts.items()]
        total = torch.stack(terms + [0 * to_float32(tensor).sum() for tensor in unused]).sum()
        self.parts = {name: part.detach() for name, part in parts.items()}
        return total

    def _get_weights(self, prediction: Prediction) -> Sequence[float]:
        count = len(prediction) if isinstance(prediction, list) else 1
        if self.output_weights is None:
            return [1.0] * count
        if isinstance(prediction, list) and count != len(self.output_weights):
            raise ValueError(f"Got {count} outputs, but {len(self.output_weights)} `output_weights`.")
        return self.output_weights[:count]

    def _segmentation_parts(
        self, logits: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """The parts of one output whose lambda is not 0."""
        probabilities = logits.sigmoid()
        losses = {
            "focal": lambda: self.focal(logits, mask).flatten(2).mean(dim=2),
            "ms_ssim": lambda: self.ms_ssim(probabilities, mask),
            "iou": lambda: soft_iou_loss(probabilities, mask, self.iou_smooth),
        }
        return {name: mean_over_annotated(loss(), weights) for name, loss in losses.items() if self.lambdas[name] > 0}


def _presence_part(presence_logits: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    present = (mask.flatten(2).amax(dim=2) > 0.5).long()
    return mean_over_annotated(F.cross_entropy(presence_logits.mT, present, reduction="none"), weights)


def _check_shapes(outputs: list[torch.Tensor], presence_logits: torch.Tensor | None, target: torch.Tensor) -> None:
    for output in outputs:
        if output.shape != target.shape:
            raise ValueError(f"An output has shape {tuple(output.shape)}, but target has {tuple(target.shape)}.")
    if presence_logits is not None and presence_logits.shape != (*target.shape[:2], 2):
        raise ValueError(
            f"Expected presence logits of shape {(*target.shape[:2], 2)}, but got {tuple(presence_logits.shape)}."
        )
