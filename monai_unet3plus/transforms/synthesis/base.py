# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The base class of synthesis transforms."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, RandomizableTransform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_numpy

__all__ = ["RandSynthesisd"]


class RandSynthesisd(RandomizableTransform, MapTransform):
    """
    Base of the transforms that paint into a slab of CT slices, knowing where its organs are.

    Subclasses override :py:meth:`paint`. Slabs are ``(C, H, W)``, C neighbouring slices from feet to head: the image in
    Hounsfield units, the label map with the value k + 1 for the organ at position k. Painted
    values are not clipped: the later window does that.

    Args:
        keys: keys of images.
        label_key: key of the label map.
        prob: probability that a slab is changed. Defaults to 0.5.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = [TransformBackends.NUMPY]

    def __init__(
        self, keys: KeysCollection, label_key: str, prob: float = 0.5, allow_missing_keys: bool = False
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob)
        self.label_key = label_key

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        """
        Raises:
            ValueError: When image and label map differ in shape.
        """
        d = dict(data)
        self.randomize(None)
        if not self._do_transform:
            return d
        label = convert_to_numpy(d[self.label_key])
        for key in self.key_iterator(d):
            image = convert_to_numpy(d[key]).astype(np.float32)
            if image.shape != label.shape or image.ndim != 3:
                raise ValueError(
                    f"Expected image and label map of one shape (C, H, W), but got {image.shape} and {label.shape}."
                )
            painted, painted_label = self.paint(image, label)
            d[key] = convert_to_dst_type(painted, dst=d[key], dtype=torch.float32)[0]
            if painted_label is not label:
                d[self.label_key] = convert_to_dst_type(painted_label, dst=d[self.label_key])[0]
        return d

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """
        Args:
            image: slab ``(C, H, W)`` in Hounsfield units.
            label: its label map, not to be changed in place.

        Returns:
            new image and label map; the same label map object where it did not change.
        """
        raise NotImplementedError
