# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Names of mask files: where the mask of an image, its record, its DICOM SEG and its picture go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from monai.config import PathLike

from ..utils.errors import InputError
from ..utils.image_files import volume_stem

__all__ = ["check_mask_paths", "dicom_seg_path", "mask_path", "picture_path", "record_path"]


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


def check_mask_paths(
    images: Iterable[PathLike], dataset_dir: PathLike, output_dir: PathLike, postfix: str = "seg"
) -> None:
    """
    Refuse images whose masks would go to one file, where the later one would replace the earlier one. Other arguments
    are those of :py:func:`mask_path`.

    Raises:
        InputError: When there are such; the message names the first two.
    """
    owners: dict[Path, PathLike] = {}
    for image in images:
        mask = mask_path(image, dataset_dir, output_dir, postfix)
        if owners.setdefault(mask, image) != image:
            raise InputError(
                f"dataset_dir: {owners[mask]} and {image} would both be written to {mask}. Rename or move one of them."
            )


def record_path(mask: PathLike) -> Path:
    """
    Where the record of a mask goes: beside it, with the suffix ".json".

    Args:
        mask: of :py:func:`mask_path`.
    """
    return _beside(Path(mask), ".json")


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
