# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The entrance of a network: the number type and the memory layout that it computes in."""

from __future__ import annotations

import torch
import torch.nn as nn

from .winograd import arrange_for_winograd


class ImageFormat(nn.Module):
    """
    Bring an image to the number type of a network's weights, and to the memory layout that its convolutions are
    fastest with, which the maps computed from it have too.

    Args:
        channels: of the network's widest convolutions at high resolution. Defaults to 0: the layout is kept.
    """

    def __init__(self, channels: int = 0) -> None:
        super().__init__()
        self.channels = channels
        # is cast with the network, whatever its convolutions are wrapped in
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """
        Args:
            image: shape ``(B, C, H, W[, D])``.

        Returns:
            the same image.
        """
        image = image.to(self.like.dtype)  # type: ignore[arg-type]
        if torch.jit.is_scripting():
            return image
        return arrange_for_winograd(image, self.channels)
