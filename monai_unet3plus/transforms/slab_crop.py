# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Random crops of slabs of adjacent slices."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from monai.config import KeysCollection
from monai.data.meta_obj import get_track_meta
from monai.transforms import MapTransform, Randomizable
from monai.utils import TransformBackends, convert_to_tensor, ensure_tuple_rep

from ..data.case_keys import SPACING_KNOWN

__all__ = ["RandSlabCropd"]


class RandSlabCropd(Randomizable, MapTransform):
    """
    Crop random slabs: a centre slice with its neighbours, and a window in the plane.

    The centre slice is chosen first, so that a fixed share of the slabs is organ-free and every slice, the first and
    last included, can be a centre; beyond the volume's ends the end slices are repeated. The window is then placed
    anywhere, or, in a slice with an organ, anywhere around a random one of its organ voxels. Slices smaller than the
    window are padded on both sides. Only the voxels of a slab are read, so that volumes may be memory-mapped files.

    Args:
        keys: keys of volumes of shape ``(C, H, W, D)``, all of one spatial shape.
        label_key: key of the label map, ``(1, H, W, D)``, in which values above 0 are organs.
        spatial_size: size of the window in the plane. Defaults to ``(320, 320)``.
        num_slices: number of slices of the slab per key, odd. Defaults to 3; a label needs its centre slice, 1, only.
        organ_free_share: share of slabs whose centre slice has no organ, between 0 and 1. Defaults to 0.2.
        num_samples: number of slabs per volume. Defaults to 1.
        padding_value: value that slices smaller than the window are padded with, per key. Defaults to 0.
        slice_distance: least and largest distance in mm between the slices of a slab, drawn evenly for each; a slice
            between two others is interpolated, or, in the label map, the nearer one's. It needs MetaTensors; one whose
            meta data say ``"spacing_known": False`` gives its own slices, since their distance is a guess. Defaults to
            None: the volume's own slices.
        organ_slices_key: key of the booleans, ``(D,)``, that say which slices have an organ; without them the whole
            label map is searched. Defaults to "organ_slices".
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
        padding_value: float | Sequence[float] = 0.0,
        slice_distance: Sequence[float] | None = None,
        organ_slices_key: str = "organ_slices",
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.label_key = label_key
        self.spatial_size = tuple(spatial_size)
        self.num_slices = ensure_tuple_rep(num_slices, len(self.keys))
        self.organ_free_share = organ_free_share
        self.num_samples = num_samples
        self.padding_value = ensure_tuple_rep(padding_value, len(self.keys))
        self.slice_distance = None if slice_distance is None else (float(slice_distance[0]), float(slice_distance[1]))
        self.organ_slices_key = organ_slices_key
        for count in self.num_slices:
            if count < 1 or count % 2 == 0:
                raise ValueError(f"Expected argument `num_slices` to be odd and positive, but got {count}.")
        if not 0 <= organ_free_share <= 1:
            raise ValueError(f"Expected argument `organ_free_share` to be within 0 and 1, but got {organ_free_share}.")

    def randomize(  # type: ignore[override]
        self, label: torch.Tensor, organ_slices: np.ndarray
    ) -> tuple[int, tuple[int, int]]:
        """
        Draw the centre slice and the window's first corner, which is negative where the slice has to be padded.

        Args:
            label: label map of shape ``(H, W, D)``.
            organ_slices: which slices have an organ, booleans of shape ``(D,)``.
        """
        wanted = self.R.random_sample() >= self.organ_free_share
        candidates = np.flatnonzero(organ_slices == wanted)
        if len(candidates) == 0:  # a volume may have slices of one kind only
            candidates = np.arange(len(organ_slices))
        centre = int(self.R.choice(candidates))
        spare = [full - size for full, size in zip(label.shape, self.spatial_size)]
        low, high = [0, 0], [max(s, 0) for s in spare]
        if organ_slices[centre]:
            voxels = (label[..., centre] > 0).nonzero()
            voxel = voxels[self.R.randint(len(voxels))].tolist()
            low = [min(max(v - size + 1, 0), top) for v, size, top in zip(voxel, self.spatial_size, high)]
            high = [min(v, top) for v, top in zip(voxel, high)]
        # a slice smaller than the window lies in its middle
        row, column = (int(self.R.randint(a, b + 1)) if s >= 0 else s // 2 for a, b, s in zip(low, high, spare))
        return centre, (row, column)

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> list[dict[Hashable, torch.Tensor]]:
        """
        Returns:
            ``num_samples`` dictionaries with slabs of shape ``(C, *spatial_size, num_slices)``.
        """
        volumes = {key: convert_to_tensor(data[key], track_meta=get_track_meta()) for key in self.key_iterator(data)}
        label = convert_to_tensor(data[self.label_key], track_meta=False)[0]
        if self.organ_slices_key in data:
            organ_slices = np.asarray(data[self.organ_slices_key], dtype=bool)
        else:
            organ_slices = (label > 0).flatten(0, 1).any(dim=0).numpy()
        samples = []
        for _ in range(self.num_samples):
            centre, corner = self.randomize(label, organ_slices)
            sample = {key: value for key, value in data.items() if key != self.organ_slices_key}  # it was for here
            distance = None if self.slice_distance is None else self.R.uniform(*self.slice_distance)
            for key, count, value in self.key_iterator(sample, self.num_slices, self.padding_value):
                step = 1.0
                if distance is not None and volumes[key].meta.get(SPACING_KNOWN, True):
                    step = distance / float(volumes[key].pixdim[2])
                places = [centre + step * offset for offset in range(-(count // 2), count // 2 + 1)]
                if key == self.label_key:
                    places = [round(place) for place in places]
                sample[key] = self._crop(volumes[key], places, corner, value)
            samples.append(sample)
        return samples

    def _crop(
        self, volume: torch.Tensor, places: Sequence[float], corner: tuple[int, int], padding_value: float
    ) -> torch.Tensor:
        rows, columns = (slice(max(start, 0), start + size) for start, size in zip(corner, self.spatial_size))
        slab = _slices_at(volume[:, rows, columns, :], places)
        missing = [size - found for size, found in zip(self.spatial_size, slab.shape[1:])]
        if not any(missing):
            return slab
        before = [max(-start, 0) for start in corner]
        padding = [0, 0, before[1], missing[1] - before[1], before[0], missing[0] - before[0]]
        return F.pad(slab, padding, value=padding_value)


def _slices_at(volume: torch.Tensor, places: Sequence[float]) -> torch.Tensor:
    """The slices at places along the last axis, interpolated between two; beyond the ends the end slices."""
    places = [min(max(place, 0), volume.shape[-1] - 1) for place in places]
    below = volume[..., [int(place) for place in places]]
    if all(place == int(place) for place in places):
        return below
    above = volume[..., [min(int(place) + 1, volume.shape[-1] - 1) for place in places]]
    return torch.lerp(below.float(), above.float(), torch.tensor([place - int(place) for place in places]))
