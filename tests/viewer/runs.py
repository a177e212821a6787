# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A folder of masks as inference leaves it, made without a network."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from monai_unet3plus.masks.paths import mask_path
from monai_unet3plus.report.schema import InferenceCase, InferenceRun, write_run
from tests.data_sets import write_boxes

__all__ = ["write_masks"]


def write_masks(work: Path, cases: int = 2) -> Path:
    """
    Write CTs to ``work/data/imagesTs``, and masks and their report to ``work/masks``; the last case has no mask.

    Args:
        work: an empty folder.
        cases: number of cases with a mask.

    Returns:
        the folder of the masks.
    """
    data, masks = work / "data", work / "masks"
    write_boxes(data, cases=0, test_cases=cases)
    (data / "imagesTs" / "broken.nii.gz").write_bytes(b"no CT")
    entries: list[InferenceCase] = []
    for image in sorted((data / "imagesTs").iterdir()):
        failed = image.name.startswith("broken")
        mask = mask_path(image, data, masks)
        mask.parent.mkdir(exist_ok=True)
        if not failed:
            label = nib.Nifti1Image.from_filename(data / "labelsTs" / image.name)
            nib.save(nib.Nifti1Image(np.asarray(label.dataobj).astype(np.uint8), label.affine), mask)
        entries.append(
            {
                "image": f"imagesTs/{image.name}",
                "mask": mask.relative_to(masks).as_posix(),
                "status": "failed" if failed else "segmented",
                "reason": "damaged" if failed else "",
                "remarks": [],
                "seconds": 1.0,
                "organs": (
                    {} if failed else {"liver": {"volume_ml": 7.0}, "spleen": {"volume_ml": 1.0, "flags": ["2 parts"]}}
                ),
            }
        )
    run: InferenceRun = {
        "package": "monai_unet3plus",
        "weights_sha256": None,
        "settings": {},
        "versions": {},
        "warning": "look at every mask <b>",
        "dataset_dir": str(data),
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 2.0,
        "counts": {"segmented": cases, "failed": 1, "not_tried": 0},
        "cases": entries,
    }
    write_run(masks / "report.json", run)
    return masks
