# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
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
