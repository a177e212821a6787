# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The number type and the memory layout that a network computes in."""

from __future__ import annotations

import torch
import torch.nn as nn
from monai.utils import convert_to_tensor

from ..eager import is_eager
from .plain import is_plain_tensor

__all__ = ["ImageFormat", "store_gradient_like"]

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the number of axes


class ImageFormat(nn.Module):
    """
    Bring an image to the number type of a network's weights, and on CPUs in 2D to the memory layout that convolutions
    are fastest with, channels last. The maps computed from it follow.

    In training a MetaTensor becomes a plain tensor: MONAI would copy its meta data at each operation on its maps.
    """

    def __init__(self) -> None:
        super().__init__()
        # is cast with the network, whatever its convolutions are wrapped in
        self.register_buffer("like", torch.empty(0), persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """
        Args:
            image: shape ``(B, C, H, W[, D])``.

        Returns:
            the same image.
        """
        if not torch.jit.is_scripting():
            if is_eager() and is_plain_tensor(image):
                if self.training:
                    image = convert_to_tensor(image, track_meta=False)
                if image.dim() == 4 and image.device.type == "cpu":
                    image = image.contiguous(memory_format=torch.channels_last)
        return image.to(self.like.dtype)  # type: ignore[arg-type]


def store_gradient_like(maps: torch.Tensor) -> None:
    """
    Have the gradient of maps stored as they are themselves.

    A gradient that is a part of a larger one, as that of concatenated maps, makes batch norm's backward pass several
    times as slow on a CPU.

    Args:
        maps: of shape ``(B, C, H, W[, D])``.
    """
    if maps.requires_grad and is_eager() and maps.device.type == "cpu":
        layout = torch.contiguous_format if maps.is_contiguous() else _CHANNELS_LAST[maps.dim()]
        # there is none where a second derivative does not depend on these maps
        maps.register_hook(lambda gradient: None if gradient is None else gradient.contiguous(memory_format=layout))
