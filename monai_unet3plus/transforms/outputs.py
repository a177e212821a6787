# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The finest of a network's training outputs."""

from __future__ import annotations

from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import Transform

from .array_to_dictionary import ApplyToKeysd

__all__ = ["FinestOutput", "FinestOutputd"]


class FinestOutput(Transform):
    """Pick the finest segmentation logits from the network's outputs in training."""

    def __call__(self, img: Any) -> torch.Tensor:
        """
        Args:
            img: a tensor, a list of side outputs, finest first, or a tuple of either and presence logits.
        """
        while isinstance(img, (list, tuple)):
            img = img[0]
        return img


class FinestOutputd(ApplyToKeysd):
    """Dictionary-based wrapper of :py:class:`FinestOutput`."""

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, FinestOutput(), allow_missing_keys)
