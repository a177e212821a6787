# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""PSPNet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.blocks import Convolution
from monai.networks.layers.factories import Conv, Dropout, Pool

from ..blocks import resize_to
from .dilated_resnet import DilatedResNetSegmenter

__all__ = ["PSPNet"]


class PSPNet(DilatedResNetSegmenter):
    """
    PSPNet: a ResNet of output stride 8 and a pyramid of pooled maps.

    The ResNet's third and fourth layer are dilated by 2 and 4 instead of halving the size. Its map is averaged over 1,
    2 x 2, 3 x 3 and 6 x 6 regions; these, with a quarter of the channels each, are up-sampled and laid beside it. The
    paper's auxiliary loss on an inner layer is not part of this.

    Based on:

        Zhao et al. "Pyramid Scene Parsing Network". CVPR 2017, https://doi.org/10.1109/CVPR.2017.660

    Args:
        bins: regions per axis of the pooled maps. Defaults to the paper's ``(1, 2, 3, 6)``.
        dropout: before the last convolution. Defaults to the paper's 0.1.

    Other arguments and errors are those of :py:class:`monai_unet3plus.networks.nets.DeepLabV3`.

    Examples::

        >>> net = PSPNet(out_channels=2)
        >>> net.eval()(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (256, 512, 1024, 2048),
        backbone: str = "resnet101",
        bins: Sequence[int] = (1, 2, 3, 6),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(spatial_dims, in_channels, features, backbone)
        width = features[-1] // 4
        block = {"norm": "batch", "act": "relu", "bias": False}
        self.pyramid = nn.ModuleList(
            nn.Sequential(
                Pool["adaptiveavg", spatial_dims](size),
                Convolution(spatial_dims, features[-1], width, kernel_size=1, **block),  # type: ignore[arg-type]
            )
            for size in bins
        )
        channels = features[-1] + len(bins) * width
        self.head = nn.Sequential(
            Convolution(spatial_dims, channels, width, kernel_size=3, **block),  # type: ignore[arg-type]
            Dropout["dropout", spatial_dims](dropout),
            Conv["conv", spatial_dims](width, out_channels, kernel_size=1),
        )

    def classify(self, maps: list[torch.Tensor]) -> torch.Tensor:
        deepest = maps[-1]
        gathered: list[torch.Tensor] = [deepest]
        for pooled in self.pyramid:
            gathered.append(resize_to(pooled(deepest), list(deepest.shape[2:])))
        return self.head(torch.cat(gathered, dim=1))
