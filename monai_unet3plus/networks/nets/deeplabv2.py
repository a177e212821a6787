# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""DeepLabV2."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv

from .dilated_resnet import DilatedResNetSegmenter

__all__ = ["DeepLabV2"]


class DeepLabV2(DilatedResNetSegmenter):
    """
    DeepLabV2: a ResNet of output stride 8 and atrous spatial pyramid pooling (ASPP).

    The ResNet's third and fourth layer are dilated by 2 and 4 instead of halving the size. Four 3x3 convolutions of
    different dilation make logits of its map; they are summed and up-sampled linearly. The paper's conditional random
    field, which refines masks afterwards, and its training at several scales are not part of this.

    Based on:

        Chen et al. "DeepLab: Semantic Image Segmentation with Deep Convolutional Nets, Atrous Convolution, and Fully
        Connected CRFs". IEEE TPAMI 40(4), 2018, https://doi.org/10.1109/TPAMI.2017.2699184

    Args:
        rates: dilations of the ASPP. Defaults to the paper's large field of view, ``(6, 12, 18, 24)``.

    Other arguments and errors are those of :py:class:`monai_unet3plus.networks.nets.DeepLabV3`.

    Examples::

        >>> net = DeepLabV2(out_channels=2)
        >>> net(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (256, 512, 1024, 2048),
        backbone: str = "resnet101",
        rates: Sequence[int] = (6, 12, 18, 24),
    ) -> None:
        super().__init__(spatial_dims, in_channels, features, backbone)
        self.aspp = nn.ModuleList(
            Conv["conv", spatial_dims](features[-1], out_channels, kernel_size=3, padding=rate, dilation=rate)
            for rate in rates
        )
        for conv in self.aspp:
            # as the paper's; four summed outputs of PyTorch's own would be large in the beginning
            nn.init.normal_(conv.weight, std=0.01)  # type: ignore[arg-type]
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]

    def classify(self, maps: list[torch.Tensor]) -> torch.Tensor:
        outputs: list[torch.Tensor] = []
        for conv in self.aspp:
            outputs.append(conv(maps[-1]))
        return torch.stack(outputs).sum(dim=0)
