# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet++ as the authors of UNet 3+ published it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv

from ..blocks import BlockFactory, ImageFormat, UpwardNode
from ..encoders import build_encoder

__all__ = ["AuthorsUNetPlusPlus"]


class AuthorsUNetPlusPlus(nn.Module):
    """
    UNet++ as the authors of UNet 3+ published it beside their own network, for comparison.

    Between the encoder and the decoder of :py:class:`monai_unet3plus.networks.nets.AuthorsUNet` are further nodes,
    each of which gets the map below it and all maps of its own level before it. The four nodes at full size have an
    output each, a 1x1 convolution, and their mean is the output of the network. MONAI's own ``BasicUNetPlusPlus`` is
    another. With the default arguments it has the published 47,176,132 parameters.

    Based on:

        Zhou et al. "UNet++: A Nested U-Net Architecture for Medical Image Segmentation". DLMIA 2018,
        https://doi.org/10.1007/978-3-030-00889-5_1

    Args:
        spatial_dims: number of spatial dimensions, 2 or 3. Defaults to 2.
        in_channels: number of channels of the image. Defaults to 3: a slice and its two neighbours.
        out_channels: number of organs, each with a channel of its own (sigmoid). Defaults to 1.
        features: channels of the encoder's levels, finest first. Defaults to ``(64, 128, 256, 512, 1024)``.
        act: activation type and arguments. Defaults to ReLU.
        norm: feature normalization type and arguments, in the encoder. Defaults to batch norm.
        bias: whether the convolution blocks have a bias. Defaults to True.
        dropout: dropout ratio in the convolution blocks. Defaults to no dropout.
        backbone: the encoder, as of :py:class:`monai_unet3plus.networks.nets.UNet3Plus`. Defaults to None, the plain
            one.

    Raises:
        ValueError: When ``features`` does not fit the backbone, or there is no such backbone.

    Examples::

        >>> net = AuthorsUNetPlusPlus(out_channels=2, backbone="resnet101")
        >>> net(torch.rand(1, 3, 320, 320)).shape
        torch.Size([1, 2, 320, 320])

    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 3,
        out_channels: int = 1,
        features: Sequence[int] = (64, 128, 256, 512, 1024),
        act: str | tuple = ("relu", {"inplace": True}),
        norm: str | tuple = "batch",
        bias: bool = True,
        dropout: float | tuple = 0.0,
        backbone: str | None = None,
    ) -> None:
        super().__init__()
        blocks = BlockFactory(spatial_dims, act, norm, bias, dropout)
        upward = replace(blocks, norm=None)
        self.image_format = ImageFormat()
        self.encoder = build_encoder(backbone, blocks, in_channels, features)
        channels = self.encoder.channels
        self.columns = nn.ModuleList()  # nodes that need as many others of their level before them, finest first
        for column in range(1, len(channels)):
            self.columns.append(
                nn.ModuleList(
                    UpwardNode(upward, below, column * width, width)
                    for width, below in zip(channels[:-column], channels[1:])
                )
            )
        self.heads = nn.ModuleList(
            Conv["conv", spatial_dims](channels[0], out_channels, kernel_size=1) for _ in self.columns
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``, each spatial size at least 16 for five levels. It is
                brought to the number type of the weights.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``, the mean of the four outputs.
        """
        levels: list[list[torch.Tensor]] = []  # the maps of each level so far
        for encoded in self.encoder(self.image_format(x)):
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
