# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms that scale a window of Hounsfield units to 0..1, in little memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.config import KeysCollection
from monai.config.type_definitions import NdarrayOrTensor
from monai.data.meta_obj import get_track_meta
from monai.transforms import Transform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_tensor

from .array_to_dictionary import ApplyToKeysd

__all__ = ["WindowIntensity", "WindowIntensityD", "WindowIntensityDict", "WindowIntensityd"]


class WindowIntensity(Transform):
    """
    Scale a window of values to 0..1 and clip the others, as :py:class:`monai.transforms.ScaleIntensityRange` does.

    It goes plane by plane, so that a volume of whole numbers takes the memory of its result besides its own and no
    more; MONAI's transform has four copies of it in float32.

    Args:
        window: the values that become 0 and 1.

    Raises:
        ValueError: When the second is not larger than the first.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, window: Sequence[float]) -> None:
        low, high = window
        if not low < high:
            raise ValueError(f"Expected argument `window` to be its lower and its upper end, but got {window}.")
        self.window = (float(low), float(high))

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """
        Args:
            img: image of shape ``(C, H[, W, D])``.

        Returns:
            the image in float32.
        """
        low, high = self.window
        values: torch.Tensor = convert_to_tensor(img, track_meta=False)
        scaled = torch.empty_like(values, dtype=torch.float32)
        slowest = max(range(1, values.ndim), key=values.stride)  # its planes lie together, whatever the file's order
        for plane, target in zip(values.unbind(slowest), scaled.unbind(slowest)):
            target.copy_(plane).sub_(low).div_(high - low).clamp_(0, 1)
        return convert_to_dst_type(scaled, dst=img, dtype=torch.float32)[0] if get_track_meta() else scaled


class WindowIntensityd(ApplyToKeysd):
    """Dictionary-based wrapper of :py:class:`WindowIntensity`, with its arguments."""

    backend = WindowIntensity.backend

    def __init__(self, keys: KeysCollection, window: Sequence[float], allow_missing_keys: bool = False) -> None:
        super().__init__(keys, WindowIntensity(window), allow_missing_keys)


WindowIntensityD = WindowIntensityDict = WindowIntensityd
