# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Clip images to the range of intensities that a picture of a CT keeps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, RandomizableTransform
from monai.utils import TransformBackends

from ..data.case_keys import INTENSITY_RANGE

__all__ = ["RandClipIntensityd"]


class RandClipIntensityd(RandomizableTransform, MapTransform):
    """
    Clip images to a range of Hounsfield units, as CTs are that were stored as pictures of 8 bit.

    Such a picture keeps the values of one window, for instance 0 to 255 HU, and gives fat and air one value. A network
    that has seen full CTs only takes the bright surroundings for tissue. An image whose own range is known, as
    ``"intensity_range"`` of its meta data, is always clipped to it, because noise and painted tissue would leave it;
    other images are clipped with probability ``prob`` to one of ``ranges``.

    Args:
        keys: keys of images of any shape, in Hounsfield units.
        ranges: lowest and highest value of each window, in HU. Defaults to three that public data sets use.
        prob: probability that an image whose own range is unknown is clipped. Defaults to 0.2.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.

    Raises:
        ValueError: When a range is empty.
    """

    backend = [TransformBackends.TORCH]

    def __init__(
        self,
        keys: KeysCollection,
        ranges: Sequence[Sequence[float]] = ((0, 255), (-125, 275), (-40, 160)),
        prob: float = 0.2,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        RandomizableTransform.__init__(self, prob)
        for low, high in ranges:
            if low >= high:
                raise ValueError(
                    f"Expected argument `ranges` to have a lower and a higher value, but got {low}, {high}."
                )
        self.ranges = [(float(low), float(high)) for low, high in ranges]

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        d = dict(data)
        self.randomize(None)
        low, high = self.ranges[self.R.randint(len(self.ranges))]
        for key in self.key_iterator(d):
            image = d[key]
            known = image.meta.get(INTENSITY_RANGE) if isinstance(image, MetaTensor) else None
            if known is not None:
                d[key] = image.clip(float(known[0]), float(known[1]))
            elif self._do_transform:
                d[key] = image.clip(low, high)
        return d
