# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The decoder node of UNet 3+ with its full-scale skip connections."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.layers.factories import Pool
from monai.networks.layers.utils import get_act_layer

from ..eager import is_eager
from .checkpointing import checkpointed
from .conv import BlockFactory, Conv3x3
from .convolve import convolve
from .image_format import store_gradient_like
from .plain import has_hooks, is_plain_conv3x3, is_plain_tensor
from .upsampled_conv import resize_to, upsampled_conv


class FullScaleBranch(nn.Module):
    """
    One of the maps that a decoder node gathers: brought to the node's scale, then a 3x3 convolution and the norm.

    The activation is left to the node: applied to all branches at once, it needs one copy of them less.

    Args:
        blocks: the network's settings.
        in_channels: channels of the map.
        out_channels: channels of the branch (64 in the paper).
        source_level: level of the map, 0 being the finest.
        target_level: level of the node. Finer maps are max-pooled without overlap, coarser ones up-sampled linearly.
    """

    __constants__ = ["is_coarser", "is_plain"]  # TorchScript compiles the branch that they choose

    def __init__(
        self, blocks: BlockFactory, in_channels: int, out_channels: int, source_level: int, target_level: int
    ) -> None:
        super().__init__()
        self.is_coarser = source_level > target_level
        self.is_plain = True
        self.pool: nn.Module = nn.Identity()
        if source_level < target_level:
            self.pool = Pool["MAX", blocks.spatial_dims](kernel_size=2 ** (target_level - source_level))
        self.conv = blocks.conv(in_channels, out_channels)
        self.adn = blocks.adn(out_channels, "ND")

    def forward(self, x: torch.Tensor, size: list[int]) -> torch.Tensor:
        """
        Args:
            x: map of shape ``(B, in_channels, ...)`` at ``source_level``.
            size: spatial size at ``target_level``.

        Returns:
            map of shape ``(B, out_channels, *size)``.
        """
        x = self.pool(x)
        if not torch.jit.is_scripting():
            return self.adn(convolve(self.conv, x, size if self.is_coarser else None))
        if not self.is_coarser:
            return self.adn(self.conv(x))
        if self.is_plain:
            return self.adn(upsampled_conv(x, self.conv.weight, self.conv.bias, size))  # type: ignore[arg-type]
        return self.adn(self.conv(resize_to(x, size)))

    def __prepare_scriptable__(self) -> FullScaleBranch:
        """Called by ``torch.jit.script``, whose code can't ask for a module's class."""
        self.is_plain = is_plain_conv3x3(self.conv)
        return self


class FullScaleNode(nn.Module):
    """
    One decoder node of UNet 3+ (paper section 2.1, equation 1).

    Every scale contributes one branch: the encoder's maps down to the node's own level, and the deeper nodes'
    maps (of which the deepest is the encoder's). They are concatenated and fused by one more convolution.

    Args:
        blocks: the network's settings.
        in_channels: channels of the map of each level, finest first.
        level: the level of this node, 0 being the finest.
        branch_channels: channels of each branch; the node has as many times that as there are levels.
    """

    def __init__(self, blocks: BlockFactory, in_channels: Sequence[int], level: int, branch_channels: int) -> None:
        super().__init__()
        self.use_checkpoint = blocks.use_checkpoint
        self.level = level
        self.branches = nn.ModuleList(
            FullScaleBranch(blocks, channels, branch_channels, source, level)
            for source, channels in enumerate(in_channels)
        )
        self.act = get_act_layer(blocks.act)
        width = branch_channels * len(in_channels)
        self.fusion = Conv3x3(blocks, width, width)

    def forward(self, maps: list[torch.Tensor], release: bool = False) -> torch.Tensor:
        """
        Args:
            maps: one map per level, finest first; of the levels below this node's, the decoder's.
            release: whether to drop maps from the list once they are gathered, so that inference does not hold them
                while it fuses. Defaults to False.

        Returns:
            map of shape ``(B, branch_channels * len(maps), ...)`` at this node's level.
        """
        if torch.jit.is_scripting() or not (self.use_checkpoint and self.training):
            return self._fuse(maps, release)
        return checkpointed(self, self._fuse, list(maps), False)  # the list changes before the backward pass

    def _fuse(self, maps: list[torch.Tensor], release: bool) -> torch.Tensor:
        size = list(maps[self.level].shape[2:])
        if not torch.jit.is_scripting():
            if self._may_overwrite(maps[0]):
                return self._fuse_in_place(maps if release else list(maps), size)
        branches: list[torch.Tensor] = []
        for source, branch in enumerate(self.branches):
            branches.append(branch(maps[source], size))
            if not torch.jit.is_scripting():
                store_gradient_like(branches[-1])
        while release and len(maps) > 1:
            maps.pop()
        gathered = self.act(torch.cat(branches, dim=1))
        branches.clear()  # or inference would hold them beside their copy while it fuses
        return self.fusion(gathered)

    def _may_overwrite(self, x: torch.Tensor) -> bool:
        """Whether nobody looks at the maps between gathering and fusing: eager inference, no hooks; 2D on a CPU."""
        if self.training or torch.is_grad_enabled() or not is_eager() or not is_plain_tensor(x):
            return False
        is_plain = type(self.fusion) is Conv3x3 and not any(has_hooks(module) for module in self.modules())
        return is_plain and x.device.type == "cpu" and x.is_contiguous(memory_format=torch.channels_last)

    def _fuse_in_place(self, maps: list[torch.Tensor], size: list[int]) -> torch.Tensor:
        """
        The same in less memory: each branch is written to its place among those gathered, which the fused replace.

        The list of maps is used up. Coarser maps come first, since up-sampling takes most while it lasts.
        """
        finer = self.level + 1
        gathered: torch.Tensor | None = None
        for source in [*range(finer, len(self.branches)), *range(finer)]:
            branch = self.branches[source](maps.pop(finer if source >= finer else 0), size)
            batch, channels = branch.shape[:2]
            if gathered is None:
                gathered = branch.new_empty([batch, *size, channels * len(self.branches)]).movedim(-1, 1)
            gathered.narrow(1, source * channels, channels).copy_(branch)
            del branch  # or it would be held while the next one is computed
        return self.fusion(self.act(gathered), overwrite=True)
