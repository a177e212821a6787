# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoder node of UNet 3+ with its full-scale skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.blocks import ADN
from monai.networks.layers.factories import Conv, Pool
from monai.networks.layers.utils import get_act_layer

from .checkpointing import checkpointed
from .conv import Conv3x3, conv3x3
from .upsampled_conv import upsampled_conv


class FullScaleBranch(nn.Module):
    """
    One of the maps that a decoder node gathers: brought to the node's scale, then a 3x3 convolution and the norm.

    The activation is left to the node: applied to all branches at once, it needs one copy of them less.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: channels of the map.
        out_channels: channels of the branch (64 in the paper).
        source_level: level of the map, 0 being the finest.
        target_level: level of the node. Finer maps are max-pooled without overlap, coarser ones up-sampled linearly.
        norm: feature normalization type and arguments.
        bias: whether the convolution has a bias.
        dropout: dropout ratio.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int,
        source_level: int,
        target_level: int,
        norm: str | tuple,
        bias: bool,
        dropout: float | tuple,
    ) -> None:
        super().__init__()
        self.is_coarser = source_level > target_level
        self.pool: nn.Module = nn.Identity()
        if source_level < target_level:
            self.pool = Pool["MAX", spatial_dims](kernel_size=2 ** (target_level - source_level))
        self.conv = Conv["conv", spatial_dims](in_channels, out_channels, kernel_size=3, padding=1, bias=bias)
        self.adn = ADN("ND", out_channels, None, norm, spatial_dims, dropout, dropout_dim=1)

    def forward(self, x: torch.Tensor, size: list[int]) -> torch.Tensor:
        """
        Args:
            x: map of shape ``(B, in_channels, ...)`` at ``source_level``.
            size: spatial size at ``target_level``.

        Returns:
            map of shape ``(B, out_channels, *size)``.
        """
        weight, bias = self.conv.weight, self.conv.bias
        if not self.is_coarser:
            return self.adn(conv3x3(self.pool(x), weight, bias))
        return self.adn(upsampled_conv(x, weight, bias, size))


class FullScaleNode(nn.Module):
    """
    One decoder node of UNet 3+ (paper section 2.1, equation 1).

    Every scale contributes one branch: the encoder's maps down to the node's own level, and the deeper nodes'
    maps (of which the deepest is the encoder's). They are concatenated and fused by one more convolution.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: channels of the map of each level, finest first.
        level: the level of this node, 0 being the finest.
        branch_channels: channels of each branch; the node has as many times that as there are levels.
        act: activation type and arguments.
        norm: feature normalization type and arguments.
        bias: whether the convolutions have a bias.
        dropout: dropout ratio in the convolution blocks.
        use_checkpoint: whether training computes the activations again instead of keeping them.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: Sequence[int],
        level: int,
        branch_channels: int,
        act: str | tuple,
        norm: str | tuple,
        bias: bool,
        dropout: float | tuple,
        use_checkpoint: bool,
    ) -> None:
        super().__init__()
        self.use_checkpoint = use_checkpoint
        self.level = level
        self.branches = nn.ModuleList(
            FullScaleBranch(spatial_dims, channels, branch_channels, source, level, norm, bias, dropout)
            for source, channels in enumerate(in_channels)
        )
        self.act = get_act_layer(act)
        width = branch_channels * len(in_channels)
        self.fusion = Conv3x3(spatial_dims, width, width, act, norm, bias, dropout)

    def forward(self, maps: list[torch.Tensor], release: bool = False) -> torch.Tensor:
        """
        Args:
            maps: one map per level, finest first; of the levels below this node's, the decoder's.
            release: whether to drop all but the finest from ``maps`` once they are gathered, so that inference does
                not hold them while it fuses. Defaults to False.

        Returns:
            map of shape ``(B, branch_channels * len(maps), ...)`` at this node's level.
        """
        if torch.jit.is_scripting() or not (self.use_checkpoint and self.training):
            return self._fuse(maps, release)
        return checkpointed(self, self._fuse, list(maps), False)  # the list changes before the backward pass

    def _fuse(self, maps: list[torch.Tensor], release: bool) -> torch.Tensor:
        size = list(maps[self.level].shape[2:])
        branches: list[torch.Tensor] = []
        for source, branch in enumerate(self.branches):
            branches.append(branch(maps[source], size))
        while release and len(maps) > 1:
            maps.pop()
        gathered = self.act(torch.cat(branches, dim=1))
        branches.clear()  # or inference would hold them beside their copy while it fuses
        return self.fusion(gathered)
