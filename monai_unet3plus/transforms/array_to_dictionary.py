# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The base classes of dictionary-based wrappers around array transforms."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform, Randomizable
from monai.utils import ensure_tuple_rep

__all__ = ["ApplyToKeysd", "RandApplyToKeysd"]


class ApplyToKeysd(MapTransform):
    """
    Apply an array transform to the values of keys.

    Args:
        keys: keys of the images.
        transform: the array transform, or one for each key.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __init__(
        self,
        keys: KeysCollection,
        transform: Callable[[Any], Any] | Sequence[Callable[[Any], Any]],
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.transforms = ensure_tuple_rep(transform, len(self.keys))

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        for key, transform in self.key_iterator(d, self.transforms):
            d[key] = transform(d[key])
        return d


class RandApplyToKeysd(Randomizable, MapTransform):
    """
    Apply a random array transform to the values of keys, with the same random choice for all keys of an item.

    Args:
        keys: keys of the images.
        transform: the array transform, whose call has an argument ``randomize``.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __init__(self, keys: KeysCollection, transform: Any, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)
        self.transform = transform

    def set_random_state(self, seed: int | None = None, state: np.random.RandomState | None = None) -> RandApplyToKeysd:
        super().set_random_state(seed, state)
        self.transform.set_random_state(state=self.R)
        return self

    def __call__(self, data: Mapping[Hashable, Any]) -> Any:
        d = dict(data)
        self.transform.randomize(None)
        for key in self.key_iterator(d):
            d[key] = self.transform(d[key], randomize=False)
        return d
