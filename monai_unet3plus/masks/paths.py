# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of mask files: where the mask, its DICOM SEG and the picture of an image go."""

from __future__ import annotations

import os
from pathlib import Path

from monai.config import PathLike

from ..utils.image_files import volume_stem

__all__ = ["dicom_seg_path", "mask_path", "picture_path"]


def mask_path(image: PathLike, dataset_dir: PathLike, output_dir: PathLike, postfix: str = "seg") -> Path:
    """
    Where the mask of an image goes: the image's path relative to ``dataset_dir``, below ``output_dir``, with
    ``_<postfix>.nii.gz`` in place of its suffix. Images from elsewhere go to ``output_dir`` itself.

    Args:
        image: the image's file, or the folder of its DICOM series.
        dataset_dir: folder that the images are in.
        output_dir: folder for the masks.
        postfix: end of the masks' names.
    """
    path, root = Path(os.path.abspath(image)), Path(os.path.abspath(dataset_dir))
    below = path.relative_to(root).parent if root in path.parents else Path()
    if below.parts[:1] == ("imagesTs",):
        below = below.relative_to("imagesTs")
    return Path(output_dir) / below / f"{volume_stem(path.name)}_{postfix}.nii.gz"


def picture_path(image: PathLike, dataset_dir: PathLike, output_dir: PathLike, postfix: str = "seg") -> Path:
    """
    Where the picture of an image's mask goes: beside the mask, with the suffix ".webp". Arguments are those of
    :py:func:`mask_path`.
    """
    return _beside(mask_path(image, dataset_dir, output_dir, postfix), ".webp")


def dicom_seg_path(image: PathLike, dataset_dir: PathLike, output_dir: PathLike, postfix: str = "seg") -> Path:
    """
    Where the DICOM SEG of an image's mask goes: beside the mask, with the suffix ".dcm". Arguments are those of
    :py:func:`mask_path`.
    """
    return _beside(mask_path(image, dataset_dir, output_dir, postfix), ".dcm")


def _beside(mask: Path, suffix: str) -> Path:
    return mask.with_name(mask.name.removesuffix(".nii.gz") + suffix)
