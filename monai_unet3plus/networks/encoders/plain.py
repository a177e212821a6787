# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The paper's encoder of double convolutions and max pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.layers.factories import Pool

from ..blocks.checkpointing import checkpointed
from ..blocks.conv import BlockFactory


class PlainEncoder(nn.Module):
    """
    The encoder of UNet 3+: two 3x3 convolutions per level, 2x2 max pooling between levels.

    The paper calls it "VGG-16". Sizes that are not even are rounded down by the pooling.

    Args:
        blocks: the network's settings.
        in_channels: number of channels of the image.
        features: channels of each level, finest first.
    """

    def __init__(self, blocks: BlockFactory, in_channels: int, features: Sequence[int]) -> None:
        super().__init__()
        self.use_checkpoint = blocks.use_checkpoint
        self.channels = list(features)
        self.reduction = 2 ** (len(features) - 1)
        self.levels = nn.ModuleList()
        for level, channels in enumerate(features):
            inputs = in_channels if level == 0 else features[level - 1]
            pool = nn.Identity() if level == 0 else Pool["MAX", blocks.spatial_dims](kernel_size=2)
            self.levels.append(nn.Sequential(pool, blocks.double_conv(inputs, channels)))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            one map per level, finest first: ``(B, features[k], H // 2**k, W // 2**k[, D // 2**k])``.
        """
        maps: list[torch.Tensor] = []
        for level in self.levels:
            if torch.jit.is_scripting() or not (self.use_checkpoint and self.training):
                x = level(x)
            else:
                x = checkpointed(level, level, x)
            maps.append(x)
        return maps
