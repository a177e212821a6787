# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The cases of a folder of masks, and their volumes as the viewer's page takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from monai.config import PathLike

from ..report.page import format_millilitres
from ..report.schema import InferenceRun, read_run
from ..transforms import CheckVolume, LoadCT
from ..utils.errors import InputError, describe_error
from ..visualize.panels import get_colour

__all__ = ["ViewerCase", "ViewerRun", "open_run"]

_ROUNDING_MM = 1e-2


@dataclass
class ViewerCase:
    """
    A CT and its mask.

    Args:
        number: of the case in the report, from 1.
        name: the CT's path below the folder of the CTs.
        ct: file or DICOM folder of the CT.
        mask: file of the mask, a label map.
        organs: for each organ, in the order of their values, its volume in ml and its flags, by name.
    """

    number: int
    name: str
    ct: Path
    mask: Path
    organs: Mapping[str, Mapping[str, Any]]

    def facts(self) -> dict[str, Any]:
        """The case for the page, as JSON takes it."""
        organs = [
            {
                "name": organ,
                "value": position + 1,
                "colour": get_colour(position),
                "volume": f"{format_millilitres(facts.get('volume_ml'))} ml",
                "flags": list(facts.get("flags", ())),
            }
            for position, (organ, facts) in enumerate(self.organs.items())
        ]
        return {"number": self.number, "name": self.name, "organs": organs}

    def centre(self) -> list[float] | None:
        """The middle of the first organ that the mask has, in mm towards right, front and head; None without one."""
        mask = nib.Nifti1Image.from_filename(self.mask)
        labels = np.asarray(mask.dataobj)
        for value in range(1, len(self.organs) + 1):
            voxels = np.argwhere(labels == value)
            if len(voxels):
                return [float(place) for place in (mask.affine @ [*np.median(voxels, axis=0), 1.0])[:3]]
        return None

    def mask_bytes(self) -> bytes:
        """The mask as a NIfTI file."""
        mask = nib.Nifti1Image.from_filename(self.mask)
        return _nifti(np.asarray(mask.dataobj).astype(np.uint8), mask.affine)

    def ct_bytes(self) -> bytes:
        """
        The CT in Hounsfield units as a NIfTI file, on the mask's grid, so that no reader can lay one beside the other.

        Raises:
            InputError: When there is no such CT, it can't be read, or it has another grid than the mask.
        """
        if not self.ct.exists():
            raise InputError(f"{self.ct} does not exist. Give the folder of the CTs with --ct if it was moved.")
        mask = nib.Nifti1Image.from_filename(self.mask)
        volume, _ = LoadCT(dtype=None).load(self.ct)  # as inference reads it
        image = CheckVolume(constant=True)(volume).numpy()
        if image.shape != mask.shape:
            raise InputError(f"{self.ct} has {image.shape} voxels, but its mask {mask.shape}. Segment it again.")
        if not np.allclose(volume.affine, mask.affine, atol=_ROUNDING_MM):
            raise InputError(f"{self.ct} lies elsewhere than its mask, by their affines. Segment it again.")
        whole = np.array_equal(image, np.rint(image)) and np.abs(image).max(initial=0) < 2**15
        return _nifti(image.astype(np.int16 if whole else np.float32), mask.affine)


@dataclass
class ViewerRun:
    """
    A run of inference.

    Args:
        report: content of ``report.json``.
        cases: those that have a mask.
        pictures: for each case of the report the file of its picture, which need not exist.
    """

    report: InferenceRun
    cases: Sequence[ViewerCase]
    pictures: Sequence[Path | None]


def open_run(masks: PathLike, ct: PathLike | None = None) -> ViewerRun:
    """
    Read the results of inference in a folder.

    Args:
        masks: the folder, with ``report.json``.
        ct: file or folder of the CTs, where they are not any more where they were. Defaults to None.

    Raises:
        InputError: When the folder has no such report.
    """
    file = Path(masks) / "report.json"
    cases: list[ViewerCase] = []
    pictures: list[Path | None] = []
    try:
        report = read_run(file)
        root = Path(report["dataset_dir"] if ct is None else ct)
        for number, case in enumerate(report["cases"], start=1):
            mask = None if case["mask"] is None else file.parent / case["mask"]
            pictures.append(None if mask is None else mask.with_name(mask.name.removesuffix(".nii.gz") + ".webp"))
            if mask is not None and mask.is_file() and case["status"] != "failed":
                image = root / case["image"]
                if root.name == case["image"] and not image.exists():
                    image = root  # it was the input itself
                cases.append(ViewerCase(number, case["image"], image, mask, case["organs"]))
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise InputError(
            f"masks: expected a folder that `segment` of this version wrote, but reading {file} failed: "
            f"{describe_error(e)}. Segment again; masks that are there are kept."
        ) from e
    return ViewerRun(report, cases, pictures)


def _nifti(voxels: np.ndarray, affine: np.ndarray) -> bytes:
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, 1)
    image.set_qform(None, 0)  # of the two NiiVue takes the one with the larger code
    return image.to_bytes()
