# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet as the authors of UNet 3+ published it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn as nn

from ..blocks import BlockFactory, ImageFormat, OutputConv3x3, UpwardNode
from ..encoders import build_encoder

__all__ = ["AuthorsUNet"]


class AuthorsUNet(nn.Module):
    """
    UNet as the authors of UNet 3+ published it beside their own network, for comparison.

    It has the encoder of :py:class:`monai_unet3plus.networks.nets.UNet3Plus`, then at each level a transposed
    convolution (kernel 4, stride 2), concatenation and two convolutions without norm. MONAI's own ``UNet`` and
    ``BasicUNet`` are others. With the default arguments it has the published 39,396,033 parameters.

    Based on:

        Ronneberger et al. "U-Net: Convolutional Networks for Biomedical Image Segmentation". MICCAI 2015,
        https://doi.org/10.1007/978-3-319-24574-4_28

    Args and errors are those of :py:class:`monai_unet3plus.networks.nets.UNet3Plus`; ``norm`` is that of the encoder.

    Examples::

        >>> net = AuthorsUNet(out_channels=2, backbone="resnet101")
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
        self.image_format = ImageFormat()
        self.encoder = build_encoder(backbone, blocks, in_channels, features)
        self._add_decoder(replace(blocks, norm=None), self.encoder.channels, out_channels)

    def _add_decoder(self, blocks: BlockFactory, channels: Sequence[int], out_channels: int) -> None:
        self.nodes = nn.ModuleList(  # coarsest first, the order in which they run
            UpwardNode(blocks, channels[level + 1], channels[level], channels[level])
            for level in reversed(range(len(channels) - 1))
        )
        self.head = OutputConv3x3(blocks.spatial_dims, channels[0], out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``, each spatial size at least 16 for five levels. It is
                brought to the number type of the weights.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``.
        """
        return self.decode(self.encoder(self.image_format(x)))

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """
        Run the decoder.

        Args:
            maps: the encoder's maps, finest first.

        Returns:
            logits of shape ``(B, out_channels, H, W[, D])``.
        """
        x = maps[-1]
        for step, node in enumerate(self.nodes):
            x = node(x, [maps[len(maps) - 2 - step]])
        return self.head(x)
