# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet++ as the authors of UNet 3+ published it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv

from ..blocks import BlockFactory, UpwardNode
from .authors_unet import AuthorsUNet

__all__ = ["AuthorsUNetPlusPlus"]


class AuthorsUNetPlusPlus(AuthorsUNet):
    """
    UNet++ as the authors of UNet 3+ published it beside their own network, for comparison.

    Between the encoder and the decoder of :py:class:`monai_unet3plus.networks.nets.AuthorsUNet` are further nodes,
    each of which gets the map below it and all maps of its own level before it. The four nodes at full size have an
    output each, a 1x1 convolution, and their mean is the output of the network. MONAI's own ``BasicUNetPlusPlus`` is
    another. With the default arguments it has the published 47,176,132 parameters.

    Based on:

        Zhou et al. "UNet++: A Nested U-Net Architecture for Medical Image Segmentation". DLMIA 2018,
        https://doi.org/10.1007/978-3-030-00889-5_1

    Args and errors are those of :py:class:`monai_unet3plus.networks.nets.AuthorsUNet`.

    Examples::

        >>> net = AuthorsUNetPlusPlus(out_channels=2, backbone="resnet101")
        >>> net(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])

    """

    def _add_decoder(self, blocks: BlockFactory, channels: Sequence[int], out_channels: int) -> None:
        self.columns = nn.ModuleList()  # nodes that need as many others of their level before them, finest first
        for column in range(1, len(channels)):
            self.columns.append(
                nn.ModuleList(
                    UpwardNode(blocks, below, column * width, width)
                    for width, below in zip(channels[:-column], channels[1:])
                )
            )
        self.heads = nn.ModuleList(
            Conv["conv", blocks.spatial_dims](channels[0], out_channels, kernel_size=1) for _ in self.columns
        )

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """
        Run the nodes and the heads.

        Args:
            maps: the encoder's maps, finest first.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``, the mean of the four outputs.
        """
        levels: list[list[torch.Tensor]] = []  # the maps of each level so far
        for encoded in maps:
            levels.append([encoded])
        outputs: list[torch.Tensor] = []
        for nodes, head in zip(self.columns, self.heads):
            for level, node in enumerate(nodes):  # type: ignore
                levels[level].append(node(levels[level + 1][-1], levels[level]))  # below, this column is still to come
            outputs.append(head(levels[0][-1]))
        logits = torch.stack(outputs).mean(dim=0)
        if logits.dtype == torch.bfloat16 or logits.dtype == torch.float16:
            return logits.float()
        return logits
