# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The base of PSPNet and the DeepLabs: a dilated ResNet whose maps are classified, then up-sampled."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn

from ..blocks import ImageFormat, resize_logits
from ..encoders import build_dilated_resnet

__all__ = ["DilatedResNetSegmenter"]


class DilatedResNetSegmenter(nn.Module):
    """
    Base of networks that classify the maps of a dilated ResNet. Subclasses override :py:meth:`classify`.

    Args:
        dilations: of the last layers, which keep the size instead of halving it. Defaults to ``(2, 4)``, an output
            stride of 8.

    Other arguments and errors are those of :py:class:`monai_unet3plus.networks.nets.DeepLabV3`.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        features: Sequence[int],
        backbone: str,
        dilations: Sequence[int] = (2, 4),
    ) -> None:
        super().__init__()
        self.image_format = ImageFormat()
        self.resnet = build_dilated_resnet(backbone, features, spatial_dims, in_channels, dilations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``, of any size; in training of two images or more where a
                map that is pooled to one value is normalized. It is brought to the number type of the weights.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``.
        """
        size = list(x.shape[2:])
        return resize_logits(self.classify(self.resnet(self.image_format(x))), size)

    def classify(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """
        Args:
            maps: of the ResNet's layers, finest first.

        Returns:
            logits of shape ``(B, out_channels, ...)``, at the size of one of the maps.
        """
        raise NotImplementedError
