# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""MONAI's SaveImage for label maps: whole files or none, and errors that keep their reason."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.config import KeysCollection, PathLike
from monai.data import MetaTensor
from monai.transforms import SaveImaged as MonaiSaveImaged
from monai.transforms import Transform
from monai.utils import ImageMetaKey, TransformBackends

from ..masks.paths import mask_path, record_path
from ..masks.writer import write_label_map
from ..utils.errors import InputError

__all__ = ["SaveImage", "SaveImaged"]


class SaveImage(Transform):
    """
    Save a label map as NIfTI, see :py:func:`monai_unet3plus.masks.writer.write_label_map`.

    Unlike :py:class:`monai.transforms.SaveImage` it passes the error of a file that can't be written on, and gives
    "case.1.nii.gz" and "case.2.nii.gz" masks of their own, see :py:func:`monai_unet3plus.masks.paths.mask_path`. Label
    maps of no file are numbered as by MONAI's. The record of an older mask in that place goes, see
    :py:class:`monai_unet3plus.masks.records.MaskRecords`: it does not tell of the new one.

    Args:
        output_dir: folder for the masks; folders are made as needed.
        dataset_dir: folder that the images are in.
        postfix: end of the masks' names. Defaults to "seg".
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, output_dir: PathLike, dataset_dir: PathLike, postfix: str = "seg") -> None:
        self.output_dir = output_dir
        self.dataset_dir = dataset_dir
        self.postfix = postfix
        self._unnamed = 0
        self._sources: dict[Path, str] = {}  # the image of each mask that was saved

    def __call__(self, img: MetaTensor, meta_data: Mapping[str, Any] | None = None) -> MetaTensor:
        """
        Args:
            img: label map of shape ``(1, H, W, D)`` on its file's grid, values 0 to 255.
            meta_data: not used, that of ``img`` is.

        Returns:
            the same label map.

        Raises:
            OSError: When the file can't be written.
            InputError: When the mask of another image was saved there.
        """
        image = img.meta.get(ImageMetaKey.FILENAME_OR_OBJ)
        if not image:
            image, self._unnamed = str(self._unnamed), self._unnamed + 1
        path = mask_path(str(image), self.dataset_dir, self.output_dir, self.postfix)
        if self._sources.setdefault(path, str(image)) != str(image):
            raise InputError(
                f"{image}: its mask would replace that of {self._sources[path]}, {path}. Rename or move one of them."
            )
        record_path(path).unlink(missing_ok=True)
        write_label_map(img, path)
        return img


class SaveImaged(MonaiSaveImaged):
    """
    MONAI's transform of this name with :py:class:`SaveImage`, so that programs that leave MONAI's out leave it out too.
    """

    backend = SaveImage.backend

    def __init__(
        self,
        keys: KeysCollection,
        output_dir: PathLike,
        dataset_dir: PathLike,
        postfix: str = "seg",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, output_dir=os.fspath(output_dir), print_log=False, allow_missing_keys=allow_missing_keys)
        self.saver: Any = SaveImage(output_dir, dataset_dir, postfix)
