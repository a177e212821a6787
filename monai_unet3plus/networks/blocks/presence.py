# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The classification-guided module: its classifier and its gate."""

from __future__ import annotations

import torch
import torch.nn as nn
from monai.networks.layers.factories import Conv

# A finite stand-in for "probability 0" that survives half precision, blending of windows and exports.
ABSENT_LOGIT = -30.0


class PresenceHead(nn.Module):
    """
    The classification-guided module's classifier (paper section 2.3, figure 3), one verdict per organ.

    Dropout, a 1x1 convolution, and global max pooling of the encoder's deepest map. Trained jointly with the
    segmentation by cross-entropy on its two logits.

    Args:
        spatial_dims: number of spatial dimensions.
        in_channels: channels of the encoder's deepest map.
        out_channels: number of organs.
        dropout: dropout ratio before the convolution.
    """

    def __init__(self, spatial_dims: int, in_channels: int, out_channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.conv = Conv["conv", spatial_dims](in_channels, 2 * out_channels, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """
        Args:
            x: the encoder's deepest map, ``(B, in_channels, ...)``.

        Returns:
            presence logits of shape ``(B, out_channels, 2)``: index 0 organ absent, index 1 organ present.
        """
        return self.conv(self.dropout(x)).flatten(2).amax(dim=2).unflatten(1, (-1, 2))


def is_present(presence_logits: torch.Tensor) -> torch.Tensor:
    """
    The verdict per organ. It compares logits: after a sigmoid, saturated values would tie.

    Args:
        presence_logits: shape ``(..., 2)``, index 1 meaning present.

    Returns:
        booleans of shape ``(...)``.
    """
    return presence_logits[..., 1] > presence_logits[..., 0]


def gate_logits(logits: torch.Tensor, present: torch.Tensor, absent_logit: float = ABSENT_LOGIT) -> torch.Tensor:
    """
    Replace the logits of absent organs by ``absent_logit``.

    The paper multiplies probabilities by 0 or 1. Multiplying logits, as the published code does, would turn
    "no organ" into a probability of 0.5.

    Args:
        logits: shape ``(B, out_channels, H, W[, D])``.
        present: booleans of shape ``(B, out_channels)``.
        absent_logit: the logit that means "not there".

    Returns:
        gated logits, shape as ``logits``.
    """
    while present.dim() < logits.dim():
        present = present.unsqueeze(-1)
    return torch.where(present, logits, torch.full_like(logits, absent_logit))
