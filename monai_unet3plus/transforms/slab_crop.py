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

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data.meta_obj import get_track_meta
from monai.transforms import MapTransform, Randomizable
from monai.utils import TransformBackends, convert_to_tensor, ensure_tuple_rep

from ..errors import InputError
from .checks import file_of

__all__ = ["RandSlabCropd"]


class RandSlabCropd(Randomizable, MapTransform):
    """
    Crop random slabs: a centre slice with its neighbours, and a window in the plane.

    The centre slice is chosen first, so that a fixed share of the slabs is organ-free and every slice, the first and
    last included, can be a centre; beyond the volume's ends the end slices are repeated. The window is then placed
    anywhere, or, in a slice with an organ, anywhere around a random one of its organ voxels.

    Args:
        keys: keys of volumes of shape ``(C, H, W, D)``, all of one spatial shape.
        label_key: key of the label map, ``(1, H, W, D)``, in which values above 0 are organs.
        spatial_size: size of the window in the plane. Defaults to ``(320, 320)``.
        num_slices: number of slices of the slab per key, odd. Defaults to 3; a label needs its centre slice, 1, only.
        organ_free_share: share of slabs whose centre slice has no organ, between 0 and 1. Defaults to 0.2.
        num_samples: number of slabs per volume. Defaults to 1.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.

    Raises:
        ValueError: When ``num_slices`` is not odd and positive, or ``organ_free_share`` is not within 0 and 1.
    """

    backend = [TransformBackends.TORCH]

    def __init__(
        self,
        keys: KeysCollection,
        label_key: str,
        spatial_size: Sequence[int] = (320, 320),
        num_slices: int | Sequence[int] = 3,
        organ_free_share: float = 0.2,
        num_samples: int = 1,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.label_key = label_key
        self.spatial_size = tuple(spatial_size)
        self.num_slices = ensure_tuple_rep(num_slices, len(self.keys))
        self.organ_free_share = organ_free_share
        self.num_samples = num_samples
        for count in self.num_slices:
            if count < 1 or count % 2 == 0:
                raise ValueError(f"Expected argument `num_slices` to be odd and positive, but got {count}.")
        if not 0 <= organ_free_share <= 1:
            raise ValueError(f"Expected argument `organ_free_share` to be within 0 and 1, but got {organ_free_share}.")

    def randomize(  # type: ignore[override]
        self, organ: torch.Tensor, with_organ: np.ndarray
    ) -> tuple[int, tuple[int, int]]:
        """
        Draw the centre slice and the window's first corner.

        Args:
            organ: where there is an organ, booleans of shape ``(H, W, D)``.
            with_organ: which slices have an organ, booleans of shape ``(D,)``.
        """
        wanted = self.R.random_sample() >= self.organ_free_share
        candidates = np.flatnonzero(with_organ == wanted)
        if len(candidates) == 0:  # a volume may have slices of one kind only
            candidates = np.arange(len(with_organ))
        centre = int(self.R.choice(candidates))
        low, high = [0, 0], [full - size for full, size in zip(organ.shape, self.spatial_size)]
        if with_organ[centre]:
            voxels = organ[..., centre].nonzero()
            voxel = voxels[self.R.randint(len(voxels))].tolist()
            low = [min(max(v - size + 1, 0), top) for v, size, top in zip(voxel, self.spatial_size, high)]
            high = [min(v, top) for v, top in zip(voxel, high)]
        row, column = (int(self.R.randint(a, b + 1)) for a, b in zip(low, high))
        return centre, (row, column)

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> list[dict[Hashable, torch.Tensor]]:
        """
        Returns:
            ``num_samples`` dictionaries with slabs of shape ``(C, *spatial_size, num_slices)``.

        Raises:
            InputError: When the volume is smaller than the window.
        """
        volumes = {key: convert_to_tensor(data[key], track_meta=get_track_meta()) for key in self.key_iterator(data)}
        organ = convert_to_tensor(data[self.label_key], track_meta=False)[0] > 0
        if any(full < size for full, size in zip(organ.shape, self.spatial_size)):
            raise InputError(
                f"{file_of(data[self.label_key])}: expected slices of at least {self.spatial_size} pixels, but found "
                f"{tuple(organ.shape[:2])}. Pad the volume first."
            )
        with_organ = organ.flatten(0, 1).any(dim=0).numpy()
        samples = []
        for _ in range(self.num_samples):
            centre, corner = self.randomize(organ, with_organ)
            sample = dict(data)
            for key, count in self.key_iterator(sample, self.num_slices):
                sample[key] = self._crop(volumes[key], centre, corner, count)
            samples.append(sample)
        return samples

    def _crop(self, volume: torch.Tensor, centre: int, corner: tuple[int, int], count: int) -> torch.Tensor:
        (row, column), (height, width) = corner, self.spatial_size
        slices = [min(max(centre + offset, 0), volume.shape[-1] - 1) for offset in range(-(count // 2), count // 2 + 1)]
        return volume[:, row : row + height, column : column + width, :][..., slices]
