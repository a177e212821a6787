# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The NIfTI writer of label maps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

import nibabel as nib
import numpy as np
from monai.config import PathLike
from monai.config.type_definitions import NdarrayOrTensor
from monai.data import NibabelWriter
from monai.utils import ImageMetaKey, convert_to_numpy

from ..utils.files import now_or_deferred
from ..utils.image_files import is_nifti
from ..utils.nifti_forms import measure_disagreement

__all__ = ["LABEL_INTENT", "LabelMapWriter"]

LABEL_INTENT = 1002  # NIfTI's code for "values are labels"
_QFORM_VOXELS = 0.1  # ITK takes the qform where the directions of the sform are rounded, and opens no file without

_GRID_FIELDS = ("sform_code", "srow_x", "srow_y", "srow_z", "qform_code", "quatern_b", "quatern_c", "quatern_d") + (
    "qoffset_x",
    "qoffset_y",
    "qoffset_z",
)


class LabelMapWriter(NibabelWriter):
    """
    Writes one label map as NIfTI, whole or not at all, for ``SaveImaged(writer=...)``.

    Unlike MONAI's writer it keeps a volume of one slice three-dimensional, and writes a qform only where that can
    express the affine: a sheared grid, as from a tilted gantry, has an sform only. The mask of a NIfTI file has the
    file's own sform and qform.
    """

    def set_data_array(
        self, data_array: NdarrayOrTensor, channel_dim: int | None = 0, squeeze_end_dims: bool = False, **kwargs: Any
    ) -> None:
        """
        Args:
            data_array: label map of shape ``(1, H, W, D)``.
            channel_dim: the channel axis, 0.
            squeeze_end_dims: not used, axes of size 1 are kept.
            kwargs: not used.
        """
        self.data_obj = np.asarray(convert_to_numpy(data_array))[0]

    def set_metadata(self, meta_dict: Mapping | None, resample: bool = False, **options: Any) -> None:
        """
        Take over the affine. MONAI 1.6's own, even if not asked to resample, fails for some orientations, such as PIR.

        Args:
            meta_dict: meta data with the label map's affine.
            resample: not used, :py:class:`monai_unet3plus.transforms.CheckGridd` sees to the right grid.
            options: not used.
        """
        _, affine, _ = self.get_meta_info(meta_dict)
        self.affine = np.eye(4) if affine is None else affine
        self.source = str((meta_dict or {}).get(ImageMetaKey.FILENAME_OR_OBJ, ""))

    def write(self, filename: PathLike, verbose: bool = False, **kwargs: Any) -> None:
        """
        Args:
            filename: path to write to. An existing file is replaced in one step when the new one is complete, later
                within :py:func:`monai_unet3plus.utils.files.deferred_writes`.
            verbose: whether to log the file's name.
            kwargs: not used.
        """
        affine = np.asarray(convert_to_numpy(self.affine), dtype=float)
        image = nib.Nifti1Image(np.asarray(self.data_obj).astype(self.output_dtype), affine)
        image.header.set_xyzt_units("mm")
        image.header["intent_code"] = LABEL_INTENT  # nobody takes it for a CT, see find_cases
        image.set_sform(affine, code=1)
        image.set_qform(affine, code=1)
        if not measure_disagreement(image.header) <= _QFORM_VOXELS:
            image.set_qform(None, code=0)
        self._lie_like_source(image)
        self.data_obj = image
        now_or_deferred(filename, partial(nib.save, image))

    def _lie_like_source(self, image: nib.Nifti1Image) -> None:
        """Take over sform and qform, which may differ: programs that go by either see image and mask at one place."""
        if not is_nifti(self.source) or not os.path.isfile(self.source):
            return
        header: Any = nib.load(self.source).header
        if np.allclose(header.get_best_affine(), image.affine, atol=1e-3):
            for field in _GRID_FIELDS:
                image.header[field] = header[field]
            image.header["pixdim"][:4] = header["pixdim"][:4]
