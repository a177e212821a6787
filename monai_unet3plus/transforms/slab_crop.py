# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Random crops of slabs of adjacent slices, array and dictionary based."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from monai.config import KeysCollection
from monai.config.type_definitions import NdarrayOrTensor
from monai.data import MetaTensor
from monai.data.meta_obj import get_track_meta
from monai.transforms import Randomizable, Transform
from monai.utils import TransformBackends, convert_to_tensor, ensure_tuple, ensure_tuple_rep

from ..data.case_keys import SPACING_KNOWN
from .array_to_dictionary import RandApplyToKeysd

__all__ = ["RandSlabCrop", "RandSlabCropd", "Slab"]


class Slab(NamedTuple):
    """
    The place of a slab in a volume.

    Args:
        centre: number of its centre slice.
        corner: the window's first row and column, negative where the slice has to be padded.
        distance: of its slices in mm; None for the volume's own slices.
    """

    centre: int
    corner: tuple[int, int]
    distance: float | None = None


class RandSlabCrop(Randomizable, Transform):
    """
    Crop random slabs: a centre slice with its neighbours, and a window in the plane.

    The centre slice is chosen first, so that a fixed share of the slabs is organ-free and every slice, the first and
    last included, can be a centre; beyond the volume's ends the end slices are repeated. The window is then placed
    anywhere, or, in a slice with an organ, anywhere around a random one of its organ voxels. Slices smaller than the
    window are padded on both sides. Only the voxels of a slab are read, so that volumes may be memory-mapped files.

    Args:
        spatial_size: size of the window in the plane. Defaults to ``(320, 320)``.
        num_slices: number of slices of the slab, odd. Defaults to 3.
        organ_free_share: share of slabs whose centre slice has no organ, between 0 and 1. Defaults to 0.2.
        num_samples: number of slabs per volume. Defaults to 1.
        padding_value: value that images smaller than the window are padded with; label maps get 0. Defaults to 0.
        slice_distance: least and largest distance in mm between the slices of a slab, drawn evenly for each; a slice
            between two others is interpolated, or, in the label map, the nearer one's. It needs MetaTensors; one whose
            meta data say ``"spacing_known": False`` gives its own slices, since their distance is a guess. Defaults to
            None: the volume's own slices.

    Raises:
        ValueError: When ``num_slices`` is not odd and positive, or ``organ_free_share`` is not within 0 and 1.
    """

    backend = [TransformBackends.TORCH]

    def __init__(
        self,
        spatial_size: Sequence[int] = (320, 320),
        num_slices: int = 3,
        organ_free_share: float = 0.2,
        num_samples: int = 1,
        padding_value: float = 0.0,
        slice_distance: Sequence[float] | None = None,
    ) -> None:
        if num_slices < 1 or num_slices % 2 == 0:
            raise ValueError(f"Expected argument `num_slices` to be odd and positive, but got {num_slices}.")
        if not 0 <= organ_free_share <= 1:
            raise ValueError(f"Expected argument `organ_free_share` to be within 0 and 1, but got {organ_free_share}.")
        self.spatial_size = tuple(spatial_size)
        self.num_slices = num_slices
        self.organ_free_share = organ_free_share
        self.num_samples = num_samples
        self.padding_value = padding_value
        self.slice_distance = None if slice_distance is None else (float(slice_distance[0]), float(slice_distance[1]))
        self.slabs: list[Slab] = []

    def randomize(self, label: torch.Tensor, organ_slices: np.ndarray | None = None) -> None:
        """
        Draw the slabs.

        Args:
            label: label map of shape ``(1, H, W, D)``.
            organ_slices: which slices have an organ, booleans of shape ``(D,)``. Defaults to None, the label map is
                searched.
        """
        values = convert_to_tensor(label, track_meta=False)[0]
        if organ_slices is None:
            organ_slices = (values > 0).flatten(0, 1).any(dim=0).numpy()
        self.slabs = [self._draw(values, np.asarray(organ_slices, dtype=bool)) for _ in range(self.num_samples)]

    def __call__(  # type: ignore[override]
        self,
        img: NdarrayOrTensor,
        label: NdarrayOrTensor,
        organ_slices: np.ndarray | None = None,
        randomize: bool = True,
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """
        Args:
            img: volume of shape ``(C, H, W, D)``.
            label: its label map, ``(1, H, W, D)``, in which values above 0 are organs.
            organ_slices: see :py:meth:`randomize`.
            randomize: whether to draw new slabs. Defaults to True.

        Returns:
            ``num_samples`` pairs of slabs of image and label map, ``(C, *spatial_size, num_slices)``.
        """
        image, organs = (convert_to_tensor(volume, track_meta=get_track_meta()) for volume in (img, label))
        if randomize:
            self.randomize(organs, organ_slices)
        return [
            (self.crop(image, slab), self.crop(organs, slab, padding_value=0, is_label=True)) for slab in self.slabs
        ]

    def crop(
        self,
        volume: torch.Tensor,
        slab: Slab,
        num_slices: int | None = None,
        padding_value: float | None = None,
        is_label: bool = False,
    ) -> torch.Tensor:
        """
        Cut one slab.

        Args:
            volume: of shape ``(C, H, W, D)``.
            slab: one of ``slabs``.
            num_slices: number of slices. Defaults to None, that of the class.
            padding_value: value for padding. Defaults to None, that of the class.
            is_label: whether slices between two others are the nearer one's. Defaults to False.

        Raises:
            TypeError: When ``slice_distance`` is given and the volume is no MetaTensor, which alone knows its spacing.
        """
        step = 1.0
        if slab.distance is not None:
            if not isinstance(volume, MetaTensor):
                raise TypeError(f"slice_distance needs a MetaTensor, which knows its spacing, but got {type(volume)}.")
            if volume.meta.get(SPACING_KNOWN, True):
                step = slab.distance / float(volume.pixdim[2])
        reach = (self.num_slices if num_slices is None else num_slices) // 2
        places = [slab.centre + step * offset for offset in range(-reach, reach + 1)]
        if is_label:
            places = [round(place) for place in places]
        rows, columns = (slice(max(start, 0), start + size) for start, size in zip(slab.corner, self.spatial_size))
        cut = _slices_at(volume[:, rows, columns, :], places)
        missing = [size - found for size, found in zip(self.spatial_size, cut.shape[1:])]
        if not any(missing):
            return cut
        before = [max(-start, 0) for start in slab.corner]
        padding = [0, 0, before[1], missing[1] - before[1], before[0], missing[0] - before[0]]
        return F.pad(cut, padding, value=self.padding_value if padding_value is None else padding_value)

    def _draw(self, label: torch.Tensor, organ_slices: np.ndarray) -> Slab:
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
        distance = None if self.slice_distance is None else self.R.uniform(*self.slice_distance)
        return Slab(centre, (row, column), distance)


class RandSlabCropd(RandApplyToKeysd):
    """
    Dictionary-based wrapper of :py:class:`RandSlabCrop`.

    Args:
        keys: keys of volumes of shape ``(C, H, W, D)``, all of one spatial shape.
        label_key: key of the label map, ``(1, H, W, D)``, in which values above 0 are organs.
        spatial_size: size of the window in the plane. Defaults to ``(320, 320)``.
        num_slices: number of slices of the slab per key, odd. Defaults to 3; a label needs its centre slice, 1, only.
        organ_free_share: share of slabs whose centre slice has no organ, between 0 and 1. Defaults to 0.2.
        num_samples: number of slabs per volume. Defaults to 1.
        padding_value: value that slices smaller than the window are padded with, per key. Defaults to 0.
        slice_distance: least and largest distance in mm between the slices of a slab, see :py:class:`RandSlabCrop`.
            Defaults to None: the volume's own slices.
        organ_slices_key: key of the booleans, ``(D,)``, that say which slices have an organ; without them the whole
            label map is searched. Defaults to "organ_slices".
        allow_missing_keys: don't raise if a key is missing. Defaults to False.

    Raises:
        ValueError: When ``num_slices`` is not odd and positive, or ``organ_free_share`` is not within 0 and 1.
    """

    backend = RandSlabCrop.backend

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
        self.num_slices = ensure_tuple_rep(num_slices, len(ensure_tuple(keys)))
        self.padding_value = ensure_tuple_rep(padding_value, len(ensure_tuple(keys)))
        crops = [
            RandSlabCrop(spatial_size, count, organ_free_share, num_samples, slice_distance=slice_distance)
            for count in self.num_slices
        ]
        super().__init__(keys, crops[0], allow_missing_keys)
        self.label_key = label_key
        self.organ_slices_key = organ_slices_key

    def __call__(self, data: Mapping[Hashable, Any]) -> list[dict[Hashable, Any]]:
        """
        Returns:
            ``num_samples`` dictionaries with slabs of shape ``(C, *spatial_size, num_slices)``.
        """
        volumes = {key: convert_to_tensor(data[key], track_meta=get_track_meta()) for key in self.key_iterator(data)}
        self.transform.randomize(data[self.label_key], data.get(self.organ_slices_key))
        samples = []
        for slab in self.transform.slabs:
            sample = {key: value for key, value in data.items() if key != self.organ_slices_key}  # it was for here
            for key, count, value in self.key_iterator(sample, self.num_slices, self.padding_value):
                sample[key] = self.transform.crop(volumes[key], slab, count, value, is_label=key == self.label_key)
            samples.append(sample)
        return samples


def _slices_at(volume: torch.Tensor, places: Sequence[float]) -> torch.Tensor:
    """The slices at places along the last axis, interpolated between two; beyond the ends the end slices."""
    places = [min(max(place, 0), volume.shape[-1] - 1) for place in places]
    below = volume[..., [int(place) for place in places]]
    if all(place == int(place) for place in places):
        return below
    above = volume[..., [min(int(place) + 1, volume.shape[-1] - 1) for place in places]]
    return torch.lerp(below.float(), above.float(), torch.tensor([place - int(place) for place in places]))
