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

import os
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform

from ..errors import InputError

__all__ = ["CheckSeriesd"]

_UNEVEN_MM = 0.1  # beyond how scanners round positions


class CheckSeriesd(MapTransform):
    """
    Refuse a folder with more than one DICOM series, since which one a reader takes is chance, and a series that lacks
    slices, since readers stretch it. To be used before loading.

    Args:
        keys: keys of paths; files pass.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __init__(self, keys: KeysCollection, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, allow_missing_keys)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """
        Raises:
            InputError: When a folder holds no series, or several, or one whose slices are not evenly spaced.
        """
        for key in self.key_iterator(dict(data)):
            path = data[key]
            if not isinstance(path, (str, os.PathLike)) or not os.path.isdir(path):
                continue
            import SimpleITK  # here, since it takes 90 MiB, which who reads no DICOM can do without

            reader = SimpleITK.ImageSeriesReader
            sizes = [len(reader.GetGDCMSeriesFileNames(str(path), uid)) for uid in reader.GetGDCMSeriesIDs(str(path))]
            if len(sizes) != 1:
                found = f"{len(sizes)} ({', '.join(map(str, sizes))} slices)" if sizes else "none"
                raise InputError(
                    f"{path}: expected one DICOM series, but found {found}. Put each series into a folder of its own."
                )
            _check_steps(str(path))
        return dict(data)


def _check_steps(folder: str) -> None:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    places = []
    for name in SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(folder):
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
