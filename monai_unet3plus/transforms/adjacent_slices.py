# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Adjacent slices of a slab as channels of a 2D image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.config import KeysCollection
from monai.config.type_definitions import NdarrayOrTensor
from monai.data.meta_obj import get_track_meta
from monai.transforms import Transform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_tensor, ensure_tuple, ensure_tuple_rep

from .array_to_dictionary import ApplyToKeysd

__all__ = [
    "AdjacentSlicesToChannels",
    "AdjacentSlicesToChannelsD",
    "AdjacentSlicesToChannelsDict",
    "AdjacentSlicesToChannelsd",
]


class AdjacentSlicesToChannels(Transform):
    """
    Turn a slab of adjacent slices into the channels of one 2D image, the network's input (paper section 3.1).

    The order is kept: with axes pointing towards the head, channels are the lower neighbour, the slice, the upper one.
    There is no inverse, since the image has one spatial axis less.

    Args:
        num_slices: number of slices of the slab. Defaults to 3.
        spatial_dim: spatial axis along which the slices are stacked. Defaults to 2, the last one.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, num_slices: int = 3, spatial_dim: int = 2) -> None:
        self.num_slices = num_slices
        self.spatial_dim = spatial_dim

    def __call__(self, img: NdarrayOrTensor) -> NdarrayOrTensor:
        """
        Args:
            img: slab of shape ``(1, H, W, num_slices)``, or with the slices along another ``spatial_dim``.

        Returns:
            image of shape ``(num_slices, H, W)``.

        Raises:
            ValueError: When ``img`` is not of that shape.
        """
        slab: torch.Tensor = convert_to_tensor(img, track_meta=get_track_meta())
        if slab.ndim != 4 or slab.shape[0] != 1 or slab.shape[self.spatial_dim + 1] != self.num_slices:
            raise ValueError(
                f"Expected a slab with 1 channel, 3 spatial axes and {self.num_slices} slices along spatial axis "
                f"{self.spatial_dim}, but got shape {tuple(slab.shape)}."
            )
        out = slab[0].movedim(self.spatial_dim, 0).contiguous()
        return convert_to_dst_type(out, dst=img)[0]


class AdjacentSlicesToChannelsd(ApplyToKeysd):
    """
    Dictionary-based wrapper of :py:class:`AdjacentSlicesToChannels`.

    Args:
        keys: keys of the slabs.
        num_slices: number of slices, one value or one per key. Defaults to 3.
        spatial_dim: spatial axis along which the slices are stacked. Defaults to 2.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = AdjacentSlicesToChannels.backend

    def __init__(
        self,
        keys: KeysCollection,
        num_slices: int | Sequence[int] = 3,
        spatial_dim: int = 2,
        allow_missing_keys: bool = False,
    ) -> None:
        counts = ensure_tuple_rep(num_slices, len(ensure_tuple(keys)))
        super().__init__(keys, [AdjacentSlicesToChannels(n, spatial_dim) for n in counts], allow_missing_keys)


AdjacentSlicesToChannelsD = AdjacentSlicesToChannelsDict = AdjacentSlicesToChannelsd
