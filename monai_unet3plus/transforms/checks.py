# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of loaded volumes, of pairs of image and label, and of predicted masks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data.meta_tensor import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import ImageMetaKey, MetaKeys, TransformBackends
from nibabel.orientations import io_orientation

from ..utils.errors import InputError
from ..utils.orientation import reorient
from .array_to_dictionary import ApplyToKeysd

__all__ = ["CheckGrid", "CheckGridd", "CheckPair", "CheckPaird", "CheckVolume", "CheckVolumed", "get_filename"]


def get_filename(img: object) -> str:
    """Get the file that an image was loaded from, for messages."""
    meta = img.meta if isinstance(img, MetaTensor) else {}
    return str(meta.get(ImageMetaKey.FILENAME_OR_OBJ, "the volume"))


class CheckVolume(Transform):
    """
    Refuse an array that is not one scalar 3D volume of finite values. To be used right after the file is loaded.

    Trailing axes of size 1 are dropped: some writers add them.

    Args:
        constant: whether a volume in which all voxels are equal is fine, as in a label map. Defaults to False.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, constant: bool = False) -> None:
        self.constant = constant

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """
        Args:
            img: array as it lies in the file, without a channel axis.

        Returns:
            the volume ``(X, Y, Z)``.

        Raises:
            InputError: When the volume is refused; the message names its file, the finding and the expectation.
        """
        while img.ndim > 3 and img.shape[-1] == 1:
            img = img[..., 0]
        shape = " x ".join(str(size) for size in img.shape)
        if img.ndim != 3:
            hint = (
                "Split a time series or a multi-channel image into 3D files first."
                if img.ndim > 3
                else ("Store a single slice with a third axis of size 1.")
            )
            raise InputError(
                f"{get_filename(img)}: expected one 3D volume, but found {img.ndim} dimensions ({shape}). {hint}"
            )
        if img.numel() == 0:
            raise InputError(f"{get_filename(img)}: expected a volume with voxels, but found none ({shape}).")
        low, high = (float(value) for value in torch.aminmax(img))
        if not np.isfinite([low, high]).all():
            bad = int(img.numel() - torch.isfinite(img).sum())
            raise InputError(
                f"{get_filename(img)}: expected finite voxel values, but {bad} of {img.numel()} are NaN or infinite."
            )
        if low == high and not self.constant:
            raise InputError(f"{get_filename(img)}: expected an image, but every voxel has the value {low:g}.")
        return img


class CheckVolumed(ApplyToKeysd):
    """Dictionary-based wrapper of :py:class:`CheckVolume`, with its arguments."""

    backend = CheckVolume.backend

    def __init__(self, keys: KeysCollection, constant: bool = False, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, CheckVolume(constant), allow_missing_keys)


class CheckPair(Transform):
    """
    Refuse a label map that does not lie on the grid of its image. To be used right after both are loaded.

    A label map of the same grid that is stored in another order or direction of the axes is stored in that of its
    image, for good: it has no inverse.
    """

    backend = [TransformBackends.TORCH, TransformBackends.NUMPY]

    def __call__(self, img: torch.Tensor, label: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """
        Args:
            img: image ``(X, Y, Z)``.
            label: its label map.

        Returns:
            the label map, stored as the image is.

        Raises:
            InputError: When the label map has another shape than the image, or an affine that is off by over 0.1 %.
        """
        label = _store_like(label, img)
        if label.shape != img.shape:
            raise InputError(
                f"{get_filename(label)}: expected the shape of {get_filename(img)}, {tuple(img.shape)}, "
                f"but found {tuple(label.shape)}."
            )
        if isinstance(label, MetaTensor) and isinstance(img, MetaTensor):
            found, expected = np.asarray(label.affine, dtype=float), np.asarray(img.affine, dtype=float)
            if not np.allclose(found, expected, rtol=1e-3, atol=1e-2):
                raise InputError(
                    f"{get_filename(label)}: expected the affine of {get_filename(img)}, {expected.tolist()}, "
                    f"but found {found.tolist()}."
                )
        return label


class CheckPaird(MapTransform):
    """
    Dictionary-based wrapper of :py:class:`CheckPair`.

    Args:
        keys: the image's key, then that of each label map.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = CheckPair.backend

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        d = dict(data)
        image_key, *label_keys = self.key_iterator(d)
        for key in label_keys:
            d[key] = CheckPair()(d[image_key], d[key])
        return d


def _store_like(label: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """The label map with the axes in the order and direction of those of its image."""
    if not (isinstance(label, MetaTensor) and isinstance(image, MetaTensor)) or label.ndim != 3:
        return label
    affine, target = (np.asarray(volume.affine, dtype=float) for volume in (label, image))
    if np.array_equal(io_orientation(affine), io_orientation(target)):
        return label
    array, affine = reorient(label.as_tensor().numpy(), affine, target)
    grid = {
        MetaKeys.AFFINE: torch.from_numpy(affine),
        MetaKeys.ORIGINAL_AFFINE: affine.copy(),
        MetaKeys.SPATIAL_SHAPE: np.asarray(array.shape),
    }
    return MetaTensor(torch.from_numpy(np.ascontiguousarray(array)), meta={**label.meta, **grid})


class CheckGrid(Transform):
    """Refuse to go on with a mask that does not lie on the grid of its file. To be used right before saving."""

    backend = [TransformBackends.TORCH]

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """
        Args:
            img: mask ``(C, H, W, D)``, after ``Invertd``.

        Returns:
            the same mask.

        Raises:
            InputError: When the mask has no meta data, or another shape or affine than its file.
        """
        if not isinstance(img, MetaTensor) or MetaKeys.ORIGINAL_AFFINE not in img.meta:
            raise InputError("A mask has lost its meta data; it can't be put on its file's grid.")
        expected = tuple(int(size) for size in img.meta[MetaKeys.SPATIAL_SHAPE])[:3]
        if tuple(img.shape[1:]) != expected:
            raise InputError(
                f"{get_filename(img)}: the mask has shape {tuple(img.shape[1:])}, its file {expected}. Not saved."
            )
        original = np.asarray(img.meta[MetaKeys.ORIGINAL_AFFINE], dtype=float)
        if not np.allclose(np.asarray(img.affine, dtype=float), original, atol=1e-3):
            raise InputError(
                f"{get_filename(img)}: the mask has the affine {np.asarray(img.affine).tolist()}, its file "
                f"{original.tolist()}. Not saved."
            )
        return img


class CheckGridd(ApplyToKeysd):
    """Dictionary-based wrapper of :py:class:`CheckGrid`."""

    backend = CheckGrid.backend

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, CheckGrid(), allow_missing_keys)
