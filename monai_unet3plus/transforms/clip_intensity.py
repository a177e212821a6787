# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Clip images to the range of intensities that a picture of a CT keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import RandomizableTransform
from monai.utils import TransformBackends

from ..data.case_keys import INTENSITY_RANGE
from .array_to_dictionary import RandApplyToKeysd

__all__ = ["RandClipIntensity", "RandClipIntensityd"]


class RandClipIntensity(RandomizableTransform):
    """
    Clip an image to a range of Hounsfield units, as CTs are that were stored as pictures of 8 bit.

    Such a picture keeps the values of one window, for instance 0 to 255 HU, and gives fat and air one value. A network
    that has seen full CTs only takes the bright surroundings for tissue. An image whose own range is known, as
    ``"intensity_range"`` of its meta data, is always clipped to it, because noise and painted tissue would leave it;
    other images are clipped with probability ``prob`` to one of ``ranges``.

    Args:
        ranges: lowest and highest value of each window, in HU. Defaults to three that public data sets use.
        prob: probability that an image whose own range is unknown is clipped. Defaults to 0.2.

    Raises:
        ValueError: When a range is empty.
    """

    backend = [TransformBackends.TORCH]

    def __init__(
        self, ranges: Sequence[Sequence[float]] = ((0, 255), (-125, 275), (-40, 160)), prob: float = 0.2
    ) -> None:
        super().__init__(prob)
        for low, high in ranges:
            if low >= high:
                raise ValueError(
                    f"Expected argument `ranges` to have a lower and a higher value, but got {low}, {high}."
                )
        self.ranges = [(float(low), float(high)) for low, high in ranges]

        self.range = self.ranges[0]

    def randomize(self, data: Any = None) -> None:
        """Draw if images of unknown range are clipped, and to which range."""
        super().randomize(data)
        self.range = self.ranges[self.R.randint(len(self.ranges))]

    def __call__(self, img: torch.Tensor, randomize: bool = True) -> torch.Tensor:
        """
        Args:
            img: image of any shape, in Hounsfield units.
            randomize: whether to draw anew. Defaults to True.
        """
        if randomize:
            self.randomize()
        known = img.meta.get(INTENSITY_RANGE) if isinstance(img, MetaTensor) else None
        if known is None and not self._do_transform:
            return img
        low, high = self.range if known is None else known
        return img.clip(float(low), float(high))


class RandClipIntensityd(RandApplyToKeysd):
    """
    Dictionary-based wrapper of :py:class:`RandClipIntensity`, with its arguments. All images of an item are clipped to
    one range.
    """

    backend = RandClipIntensity.backend

    def __init__(
        self,
        keys: KeysCollection,
        ranges: Sequence[Sequence[float]] = ((0, 255), (-125, 275), (-40, 160)),
        prob: float = 0.2,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, RandClipIntensity(ranges, prob), allow_missing_keys)
