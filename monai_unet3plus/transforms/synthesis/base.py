# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The base classes of synthesis transforms, array and dictionary based."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.config.type_definitions import NdarrayOrTensor
from monai.transforms import RandomizableTransform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_numpy

from ..array_to_dictionary import RandApplyToKeysd

__all__ = ["RandSynthesis", "RandSynthesisd"]


class RandSynthesis(RandomizableTransform):
    """
    Base of the transforms that paint into a slab of CT slices, knowing where its organs are.

    Subclasses override :py:meth:`paint`. Slabs are ``(C, H, W)``, C neighbouring slices from feet to head: the image in
    Hounsfield units, the label map with the value k + 1 for the organ at position k. Painted
    values are not clipped: the later window does that.

    Args:
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    backend = [TransformBackends.NUMPY]

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob)

    def __call__(  # type: ignore[override]
        self, img: NdarrayOrTensor, label: NdarrayOrTensor, randomize: bool = True
    ) -> tuple[NdarrayOrTensor, NdarrayOrTensor]:
        """
        Args:
            img: slab ``(C, H, W)`` in Hounsfield units.
            label: its label map.
            randomize: whether to draw anew if the slab is changed. Defaults to True.

        Returns:
            new image, in float32 if it was changed, and label map; the same label map object where it did not change.

        Raises:
            ValueError: When image and label map differ in shape.
        """
        if randomize:
            self.randomize(None)
        if not self._do_transform:
            return img, label
        image, organs = convert_to_numpy(img).astype(np.float32), convert_to_numpy(label)
        if image.shape != organs.shape or image.ndim != 3:
            raise ValueError(
                f"Expected image and label map of one shape (C, H, W), but got {image.shape} and {organs.shape}."
            )
        painted, painted_organs = self.paint(image, organs)
        if painted_organs is not organs:
            label = convert_to_dst_type(painted_organs, dst=label)[0]
        return convert_to_dst_type(painted, dst=img, dtype=torch.float32)[0], label

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Args:
            image: slab ``(C, H, W)`` in Hounsfield units.
            label: its label map, not to be changed in place.

        Returns:
            new image and label map; the same label map object where it did not change.
        """
        raise NotImplementedError


class RandSynthesisd(RandApplyToKeysd):
    """
    Base of the dictionary-based wrappers of synthesis transforms. Subclasses name the array transform, ``array``.

    Args:
        keys: keys of images.
        label_key: key of the label map.
        args: of the array transform.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
        kwargs: of the array transform.
    """

    backend = RandSynthesis.backend
    array: Callable[..., RandSynthesis]

    def __init__(
        self, keys: KeysCollection, label_key: str, *args: Any, allow_missing_keys: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(keys, self.array(*args, **kwargs), allow_missing_keys)
        self.label_key = label_key

    def __call__(self, data: Mapping[Hashable, NdarrayOrTensor]) -> dict[Hashable, NdarrayOrTensor]:
        """
        Raises:
            ValueError: When image and label map differ in shape.
        """
        d = dict(data)
        self.transform.randomize(None)
        for key in self.key_iterator(d):
            d[key], d[self.label_key] = self.transform(d[key], d[self.label_key], randomize=False)
        return d
