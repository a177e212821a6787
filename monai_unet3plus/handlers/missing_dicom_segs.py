# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""DICOM SEG objects of masks that an earlier run made, and a note of those that are missing."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import nibabel as nib
import numpy as np
from ignite.engine import Engine, Events
from monai.data import MetaTensor
from monai.utils import ImageMetaKey

from ..engines import CaseEvaluator
from ..masks.records import MaskRecords
from ..transforms import SaveDicomSeg
from ..transforms.dicom_seg import is_dicom
from ..utils.errors import describe_error

__all__ = ["MissingDicomSegs"]

logger = logging.getLogger(__name__)


class MissingDicomSegs:
    """
    Writes missing DICOM SEG objects of masks that an earlier run made, at the end of the run.

    New masks get theirs from :py:class:`monai_unet3plus.transforms.SaveDicomSegd`. A case of DICOM that has none in the
    end has "DICOM SEG" as its ``missing``, and a remark that says why. To be attached before the report. Without
    records of the masks it does nothing.

    Args:
        organs: names of the organs, in the order of their values.
    """

    def __init__(self, organs: Sequence[str]) -> None:
        self.organs = list(organs)

    def attach(self, engine: Engine) -> None:
        """Attach to a CaseEvaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: CaseEvaluator) -> None:
        for result in engine.results:
            records = engine.get_records(result.image)
            if records is None or result.status == "failed" or not is_dicom(result.image):
                continue
            path = records.get_dicom_seg_path(result.image)
            if result.status == "unchanged" and not path.is_file():
                remark = self._write(result.image, records)
                if remark:
                    logger.warning("%s", remark)
                    result.remarks.append(remark)
            result.missing = "" if path.is_file() else "DICOM SEG"

    def _write(self, image: str, records: MaskRecords) -> str:
        """Write the object of an image's mask, and return a warning, empty if it was written."""
        try:
            labels = nib.Nifti1Image.from_filename(records.get_mask_path(image)).dataobj
            mask = MetaTensor(np.asarray(labels, dtype=np.uint8)[None], meta={ImageMetaKey.FILENAME_OR_OBJ: image})
            return SaveDicomSeg(self.organs, records.output_dir, records.dataset_dir, records.postfix).save(mask)
        except Exception as e:
            return f"{image}: no DICOM SEG is written: {describe_error(e)}"
