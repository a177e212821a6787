# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The finest of a network's training outputs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from monai.transforms import MapTransform

__all__ = ["FinestOutputd"]


class FinestOutputd(MapTransform):
    """
    Pick the finest segmentation logits from the network's outputs in training.

    That is a tensor, a list of side outputs, finest first, or a tuple of either and presence logits.

    Args:
        keys: keys of the network's outputs.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        for key in self.key_iterator(d):
            while isinstance(d[key], (list, tuple)):
                d[key] = d[key][0]
        return d
