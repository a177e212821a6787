# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Encoders that are registered in MONAI's ``FLEXUNET_BACKBONE``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from monai.networks.nets.flexible_unet import FLEXUNET_BACKBONE

from ..blocks.checkpointing import checkpointed
from ..blocks.conv import BlockFactory
from .plain import PlainEncoder
from .sizes import cropped_to_levels


class RegisteredEncoder(nn.Module):
    """
    An encoder that follows MONAI's protocol (``BaseEncoder``), below one level of the plain encoder.

    Such encoders begin at 1/2 of the size. The level at 1/1 is a block of two convolutions that reads the image
    parallel to them. No weights are downloaded. Parameters that only outputs beyond the last level use are not trained.

    Args:
        name: the name in MONAI's ``FLEXUNET_BACKBONE``, such as ``"efficientnet-b0"``.
        blocks: the settings of the first level.
        in_channels: number of channels of the image.
        features: channels of each level, finest first. Only the first and their number count: the encoder's own
            channels can't be chosen, see ``channels``.

    Raises:
        ValueError: When the encoder has fewer outputs than ``features`` wants levels below the first.
    """

    def __init__(self, name: str, blocks: BlockFactory, in_channels: int, features: Sequence[int]) -> None:
        super().__init__()
        entry = FLEXUNET_BACKBONE.register_dict[name]
        widths = list(entry["feature_channel"])
        self.count = len(features) - 1
        if self.count > len(widths):
            raise ValueError(
                f"Expected argument `features` to be at most {len(widths) + 1} levels for backbone {name!r}, but got "
                f"{tuple(features)}."
            )
        given = {"spatial_dims": blocks.spatial_dims, "in_channels": in_channels, "pretrained": False}
        self.encoder = entry["type"](**{**entry["parameter"], **given})
        if hasattr(self.encoder, "set_swish"):
            self.encoder.set_swish(memory_efficient=False)  # the other form, MONAI's default, can't be exported
        self.fine = PlainEncoder(blocks, in_channels, features[:1])
        self.use_checkpoint = blocks.use_checkpoint
        self.channels = [features[0], *widths[: self.count]]
        self.reduction = 2 ** len(widths)
        self._freeze_unused(torch.zeros(1, in_channels, *[self.reduction] * blocks.spatial_dims))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """
        Args:
            x: image of shape ``(B, in_channels, H, W[, D])``.

        Returns:
            one map per level, finest first: ``(B, channels[k], H // 2**k, W // 2**k[, D // 2**k])``.
        """
        if torch.jit.is_scripting() or not (self.use_checkpoint and self.training):
            maps = self.encoder(x)
        else:
            maps = checkpointed(self.encoder, self.encoder, x)
        return self.fine(x) + cropped_to_levels(maps[: self.count], 1, list(x.shape[2:]))

    def _freeze_unused(self, image: torch.Tensor) -> None:
        """Distributed training takes a parameter that never gets a gradient for an error."""
        parameters = list(self.encoder.parameters())
        maps = self.encoder.eval()(image)[: self.count]
        gradients = torch.autograd.grad([x.sum() for x in maps], parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients):
            parameter.requires_grad_(gradient is not None)
        self.encoder.train()
