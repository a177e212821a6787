# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The network as one graph without branches, for compilers such as TensorRT."""

from __future__ import annotations

import torch
import torch.nn as nn

from .nets import UNet3Plus

__all__ = ["OneGraph"]


class OneGraph(nn.Module):
    """
    A classification-guided network as one graph that chooses nothing, for compilers such as TensorRT.

    :py:class:`monai_unet3plus.inferers.AdjacentSliceInferer` calls ``encode`` and ``decode`` of other networks, and so
    would never call a compiled ``forward``. It calls this network once for each batch of windows and gates the results
    by the verdict on the whole slice. So every window is decoded, also those without any organ.

    Args:
        network: in evaluation mode; weights that are loaded into it later count.

    Raises:
        ValueError: When the network is not ``classification_guided``.
    """

    def __init__(self, network: UNet3Plus) -> None:
        super().__init__()
        if network.presence_head is None:
            raise ValueError("Expected a network built with classification_guided=True.")
        self.network = network
        self.out_channels = network.out_channels
        self.classification_guided = True

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """
        Args:
            image: of shape ``(B, in_channels, H, W)``.

        Returns:
            logits of shape ``(B, out_channels, H, W)``, not gated, and presence logits ``(B, out_channels, 2)``.
        """
        maps = self.network.encode(image)
        assert self.network.presence_head is not None
        return self.network.decode(maps), self.network.presence_head(maps[-1])
