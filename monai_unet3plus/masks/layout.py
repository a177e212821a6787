# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The folder layout of masks for MONAI's ``SaveImaged``."""

from __future__ import annotations

from typing import Any

from monai.config import PathLike
from monai.data import FolderLayoutBase

from .paths import mask_path

__all__ = ["MaskLayout"]


class MaskLayout(FolderLayoutBase):
    """
    Names the masks that ``SaveImaged(folder_layout=...)`` writes, see :py:func:`mask_path`.

    MONAI's own layout cuts names at the first dot and so gives "case.1.nii.gz" and "case.2.nii.gz" one mask.

    Args:
        output_dir: folder for the masks; folders are made as needed.
        dataset_dir: folder that the images are in.
        postfix: end of the masks' names.
    """

    def __init__(self, output_dir: PathLike, dataset_dir: PathLike, postfix: str = "seg") -> None:
        self.output_dir = output_dir
        self.dataset_dir = dataset_dir
        self.postfix = postfix

    def filename(self, subject: PathLike = "subject", **kwargs: Any) -> PathLike:
        """
        Args:
            subject: path of the image.
            kwargs: not used.
        """
        path = mask_path(subject, self.dataset_dir, self.output_dir, self.postfix)
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path)
