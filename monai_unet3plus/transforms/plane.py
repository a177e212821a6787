# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Resampling of slices in their plane."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import Transform
from monai.utils import TransformBackends, ensure_tuple, ensure_tuple_rep

from .array_to_dictionary import ApplyToKeysd

__all__ = ["ResamplePlane", "ResamplePlaned", "plane_size", "resample_plane"]


def plane_size(size: Sequence[int], spacing: Sequence[float], pixel_size: float) -> list[int]:
    """
    The number of pixels that a slice has at another pixel size.

    Args:
        size: its number of pixels per axis.
        spacing: its pixel size per axis, in mm.
        pixel_size: the wanted pixel size in mm. The result differs from it by the rounding to whole pixels.
    """
    return [max(round(n * float(s) / pixel_size), 1) for n, s in zip(size, spacing)]


def resample_plane(slices: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """
    Resample slices linearly, averaging over the area of a larger pixel.

    Args:
        slices: shape ``(N, C, H, W)``.
        size: number of pixels per axis; the extent in mm stays.

    Returns:
        slices of shape ``(N, C, *size)``, float32 if their size changed: half precision has no such operation on CPUs.
    """
    if list(slices.shape[2:]) == list(size):
        return slices
    return F.interpolate(slices.float(), size=list(size), mode="bilinear", antialias=True, align_corners=False)


class ResamplePlane(Transform):
    """
    Resample the slices of a volume to a pixel size; the distance between slices stays.

    It is for training a network whose slices :py:class:`monai_unet3plus.inferers.AdjacentSliceInferer` resamples in
    inference (``pixel_size``), and has no inverse.

    Args:
        pixel_size: pixel size in mm.
        is_label: whether the volume is a label map: each value is resampled as a mask of its own and the largest wins.
            Defaults to False.

    Raises:
        ValueError: When ``pixel_size`` is not positive.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, pixel_size: float, is_label: bool = False) -> None:
        if pixel_size <= 0:
            raise ValueError(f"Expected argument `pixel_size` to be positive, in mm, but got {pixel_size}.")
        self.pixel_size = pixel_size
        self.is_label = is_label

    def __call__(self, img: torch.Tensor) -> MetaTensor:
        """
        Args:
            img: volume of shape ``(C, H, W, D)``, a MetaTensor, whose slices lie along the last axis.

        Raises:
            TypeError: When the volume is no MetaTensor, which alone knows its pixel size.
        """
        if not isinstance(img, MetaTensor):
            raise TypeError(f"Expected a MetaTensor, which knows its pixel size, but got {type(img).__name__}.")
        size = plane_size(img.shape[1:3], img.pixdim[:2], self.pixel_size)
        slices = img.as_tensor().movedim(-1, 0)
        resample = _resample_labels if self.is_label else _resample_image
        resampled = torch.stack([resample(plane, size) for plane in slices], dim=-1)
        affine = img.affine.clone()
        for axis in range(2):  # the corner of the first pixel stays where it is, its centre does not
            ratio = img.shape[axis + 1] / size[axis]
            affine[:3, 3] += affine[:3, axis] * (ratio - 1) / 2
            affine[:3, axis] *= ratio
        return MetaTensor(resampled, meta={**img.meta, "affine": affine})


class ResamplePlaned(ApplyToKeysd):
    """
    Dictionary-based wrapper of :py:class:`ResamplePlane`.

    Args:
        keys: keys of the volumes.
        pixel_size: pixel size in mm.
        is_label: whether the volume is a label map, one value or one per key. Defaults to False.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = ResamplePlane.backend

    def __init__(
        self,
        keys: KeysCollection,
        pixel_size: float,
        is_label: bool | Sequence[bool] = False,
        allow_missing_keys: bool = False,
    ) -> None:
        kinds = ensure_tuple_rep(is_label, len(ensure_tuple(keys)))
        super().__init__(keys, [ResamplePlane(pixel_size, kind) for kind in kinds], allow_missing_keys)


def _resample_image(image: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return resample_plane(image[None], size)[0]


def _resample_labels(labels: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    values = torch.unique(labels)
    if len(values) == 1:
        return labels.new_full((len(labels), *size), values.item())
    masks = torch.stack([(labels == value).float() for value in values])
    return values[resample_plane(masks, size).argmax(dim=0)]
