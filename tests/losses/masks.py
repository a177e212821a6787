# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch

MASKS = ("organ", "empty", "full", "noise")
PREDICTIONS = ("perfect", "inverted", "empty", "full", "constant")
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def mask_of(name: str, size: tuple[int, ...]) -> torch.Tensor:
    """A mask of shape ``(1, 1, *size)``, float32."""
    if name == "noise":
        return torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(0)).round()
    mask = torch.full((1, 1, *size), float(name == "full"))
    if name == "organ":
        mask[(..., *[slice(n // 4, n // 2 + 1) for n in size])] = 1
    return mask


def logits_of(prediction: str, mask: torch.Tensor, size: float) -> torch.Tensor:
    """Logits whose absolute value is ``size``, or 0 for a constant prediction of 0.5."""
    perfect = size * (2 * mask - 1)
    return {
        "perfect": perfect,
        "inverted": -perfect,
        "empty": torch.full_like(mask, -size),
        "full": torch.full_like(mask, size),
        "constant": torch.zeros_like(mask),
    }[prediction]
