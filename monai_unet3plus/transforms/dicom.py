# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Loading of volumes and DICOM series."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection, PathLike
from monai.data import ImageReader, ITKReader
from monai.transforms import LoadImaged, MapTransform
from monai.utils import ensure_tuple

from ..data.reading.dicom_series import ct_series
from ..utils.errors import InputError

__all__ = ["CheckSeriesd", "LoadVolumed"]

_UNEVEN_MM = 0.1  # beyond how scanners round positions


class CheckSeriesd(MapTransform):
    """
    Refuse a folder without a DICOM series, and a series that lacks slices, since readers stretch it. Of several series
    :py:func:`monai_unet3plus.data.reading.dicom_series.ct_series` takes one. To be used before loading.

    Args:
        keys: keys of paths; files pass.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """
        Raises:
            InputError: When a folder holds no series, none of several is CT, or slices are not evenly spaced.
        """
        for key in self.key_iterator(dict(data)):
            path = data[key]
            if isinstance(path, (str, os.PathLike)) and os.path.isdir(path):
                _check_steps(str(path), ct_series(path))
        return dict(data)


class LoadVolumed(LoadImaged):
    """
    MONAI's loader, which of a folder with several DICOM series reads the CT with most slices, not the first by chance.

    Arguments are those of :py:class:`monai.transforms.LoadImaged`.
    """

    def __call__(self, data: Mapping[Hashable, Any], reader: ImageReader | None = None) -> dict[Hashable, Any]:
        """
        Args:
            data: has the paths of files, or of folders with DICOM series.
            reader: used instead of one that fits. Defaults to None.
        """
        if reader is None and any(_is_folder(data.get(key)) for key in self.keys):
            reader = _SeriesReader()
        return super().__call__(data, reader)


class _SeriesReader(ITKReader):
    """MONAI's reader of ITK, for the series that :py:func:`ct_series` takes."""

    def read(self, data: Any, **kwargs: Any) -> Any:
        import itk

        (path,) = ensure_tuple(data)
        if not _is_folder(path):
            return super().read(data, **kwargs)
        names = ct_series(path)
        return itk.imread(names if len(names) > 1 else names[0], **{**self.kwargs, **kwargs})


def _is_folder(path: Any) -> bool:
    return isinstance(path, (str, os.PathLike)) and os.path.isdir(path)


def _check_steps(folder: PathLike, names: list[str]) -> None:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    places = []
    for name in names:
        reader.SetFileName(name)
        reader.ReadImageInformation()
        places.append(float(np.dot(reader.GetOrigin(), np.reshape(reader.GetDirection(), (3, 3))[:, 2])))
    steps = np.diff(np.sort(places))
    if len(steps) and steps.max() - steps.min() > _UNEVEN_MM:
        widest = int(steps.argmax())
        raise InputError(
            f"{folder}: expected evenly spaced slices, but steps between them are {steps.min():.2f} to "
            f"{steps.max():.2f} mm, the widest after slice {widest + 1} of {len(places)}. Are files missing?"
        )
