# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms that load a CT or its label map, or take one that is in memory."""

from __future__ import annotations

import logging
import os
from collections.abc import Hashable, Mapping

import numpy as np
import torch
from monai.config import DtypeLike, KeysCollection, PathLike
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import ImageMetaKey, MetaKeys, SpaceKeys, TransformBackends, convert_to_tensor, ensure_tuple_rep

from ..data.reading.volume import Volume, check_affine, read_volume
from ..utils.case_remarks import add_remark
from ..utils.errors import InputError
from .checks import get_filename

__all__ = ["LoadCT", "LoadCTD", "LoadCTDict", "LoadCTd"]

logger = logging.getLogger(__name__)

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class LoadCT(Transform):
    """
    Load a volume with its grid, see :py:func:`monai_unet3plus.data.reading.volume.read_volume`.

    A :py:class:`monai.data.MetaTensor`, a volume that a host program has in memory, is taken as it is: its affine is
    checked, and its present grid is the one that the mask will be put on.

    Args:
        dtype: number type of the voxels; None keeps that of the file, or int16 where whole numbers fit. Defaults to
            float32.
        grid_check: whether a file that states no orientation or no spacing is refused, "error", or a warning tells
            how it is taken, "warn". Defaults to "warn".

    Raises:
        ValueError: When ``grid_check`` is neither.
    """

    backend = [TransformBackends.TORCH, TransformBackends.NUMPY]

    def __init__(self, dtype: DtypeLike = np.float32, grid_check: str = "warn") -> None:
        if grid_check not in ("error", "warn"):
            raise ValueError(f'Expected argument `grid_check` to be "error" or "warn", but got {grid_check!r}.')
        self.dtype = dtype
        self.grid_check = grid_check

    def __call__(self, img: PathLike | Volume | MetaTensor) -> MetaTensor:
        """Load as :py:meth:`load` does, and log the warnings."""
        volume, warnings = self.load(img)
        for warning in warnings:
            logger.warning("%s", warning)
        return volume

    def load(self, img: PathLike | Volume | MetaTensor) -> tuple[MetaTensor, list[str]]:
        """
        Args:
            img: a file, the folder of a DICOM series, a volume read from either, or one in memory, ``(X, Y, Z)``
                without a channel axis.

        Returns:
            the volume ``(X, Y, Z)``, its affine towards the patient's right, front and head; and warnings about its
            file.

        Raises:
            InputError: When a file is refused, an affine is not usable, or an array in memory has none.
        """
        if isinstance(img, (str, os.PathLike)):
            volume = img if isinstance(img, Volume) else read_volume(img)
            if volume.unstated and self.grid_check == "error":
                raise InputError(
                    f"{img}: expected a file that states its {' and '.join(volume.unstated)}. If it is right as "
                    "readers take it, give --set grid_check=warn, or --grid_check warn to monai.bundle."
                )
            meta = {ImageMetaKey.FILENAME_OR_OBJ: os.fspath(img)}
            return self._to_meta_tensor(volume.take(), volume.affine, meta), volume.warnings
        if not isinstance(img, MetaTensor):
            raise InputError(
                f"the volume: expected a file or a MetaTensor, whose affine says how it lies in the patient, but found "
                f"{type(img).__name__}."
            )
        affine = np.asarray(img.affine, dtype=float)
        if img.meta.get(MetaKeys.SPACE) == SpaceKeys.LPS:
            affine = _LPS_TO_RAS @ affine
        check_affine(affine, get_filename(img))
        return self._to_meta_tensor(img.as_tensor(), affine, img.meta), []

    def _to_meta_tensor(self, array: np.ndarray | torch.Tensor, affine: np.ndarray, meta: Mapping) -> MetaTensor:
        grid = {
            MetaKeys.AFFINE: torch.from_numpy(affine),
            MetaKeys.ORIGINAL_AFFINE: affine.copy(),
            MetaKeys.SPATIAL_SHAPE: np.asarray(array.shape[:3]),
            MetaKeys.ORIGINAL_CHANNEL_DIM: float("nan"),
            MetaKeys.SPACE: SpaceKeys.RAS,
        }
        if isinstance(array, np.ndarray):  # in files the first axis is the fastest, which MONAI would copy
            voxels = convert_to_tensor(array.T, dtype=self.dtype).permute(*reversed(range(array.ndim)))
        else:
            voxels = convert_to_tensor(array, dtype=self.dtype)
        return MetaTensor(voxels, meta={**meta, **grid})


class LoadCTd(MapTransform):
    """
    Dictionary-based wrapper of :py:class:`LoadCT`.

    Args:
        keys: keys of files, folders of DICOM series, or volumes in memory.
        dtype: number type, or one for each key. Defaults to float32.
        grid_check: see :py:class:`LoadCT`. Defaults to "warn".
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = LoadCT.backend

    def __init__(
        self,
        keys: KeysCollection,
        dtype: DtypeLike = np.float32,
        grid_check: str = "warn",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.loaders = [LoadCT(each, grid_check) for each in ensure_tuple_rep(dtype, len(self.keys))]

    def __call__(self, data: Mapping[Hashable, PathLike | MetaTensor]) -> dict[Hashable, MetaTensor]:
        """
        Raises:
            InputError: As by :py:class:`LoadCT`.
        """
        d: dict = dict(data)
        for key, loader in self.key_iterator(d, self.loaders):
            d[key], warnings = loader.load(d[key])
            for warning in warnings:
                add_remark(d, logger, warning)
        return d


LoadCTD = LoadCTDict = LoadCTd
