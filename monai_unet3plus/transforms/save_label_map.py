# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms that save label maps as NIfTI files."""

from __future__ import annotations

from monai.config import KeysCollection, PathLike
from monai.data import MetaTensor
from monai.transforms import Transform
from monai.utils import TransformBackends

from ..masks.paths import mask_path
from ..masks.writer import write_label_map
from .array_to_dictionary import ApplyToKeysd
from .checks import get_filename

__all__ = ["SaveLabelMap", "SaveLabelMapd"]


class SaveLabelMap(Transform):
    """
    Save a label map as NIfTI, see :py:func:`monai_unet3plus.masks.writer.write_label_map`.

    Unlike :py:class:`monai.transforms.SaveImage` it passes the error of a file that can't be written on, and gives
    "case.1.nii.gz" and "case.2.nii.gz" masks of their own, see :py:func:`monai_unet3plus.masks.paths.mask_path`.

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

    def __call__(self, img: MetaTensor) -> MetaTensor:
        """
        Args:
            img: label map of shape ``(1, H, W, D)`` on its file's grid, values 0 to 255.

        Returns:
            the same label map.

        Raises:
            OSError: When the file can't be written.
        """
        write_label_map(img, mask_path(get_filename(img), self.dataset_dir, self.output_dir, self.postfix))
        return img


class SaveLabelMapd(ApplyToKeysd):
    """
    Dictionary-based wrapper of :py:class:`SaveLabelMap`.

    Args:
        keys: keys of the label maps.
        output_dir: folder for the masks.
        dataset_dir: folder that the images are in.
        postfix: end of the masks' names. Defaults to "seg".
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = SaveLabelMap.backend

    def __init__(
        self,
        keys: KeysCollection,
        output_dir: PathLike,
        dataset_dir: PathLike,
        postfix: str = "seg",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, SaveLabelMap(output_dir, dataset_dir, postfix), allow_missing_keys)
