# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
List the patients that the delivered weights are trained on, in five folds, each file with a weight.

    python -m monai_unet3plus.experiments.patients --data_dir DATA --work_dir WORK

DATA has the folders ``labelled``, ``lits``, ``negative``, ``slices`` and ``unusual``, see docs/weights.md.
Single slices become volumes of one slice in WORK. WORK/datalist.json lists all cases for ``--datalist_file``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np

from ..utils.files import replacing
from .case_lists import NO_FOLD, Case, write_list
from .command_line import make_parser

_FOLDS = 5
# How often a case is drawn. A volume counts as 1; the slices of the archives together as about half of the volumes.
_LIVER_SLICE, _SPLEEN_SLICE, _REFERENCE, _ORGAN_FREE = 0.03, 0.25, 2.0, 3.0
_PIXEL_SIZE = 1.5  # mm, of 256 pixels: a usual field of view, since the archives of slices state none
_CLIPPED = [0, 255]  # HU, the window of the archives of slices


def main() -> None:
    """Write the list."""
    parser = make_parser("experiments.patients", __doc__)
    parser.add_argument("--data_dir", type=Path, required=True, help="folder that holds the sources")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for the list and the single slices")
    parser.add_argument(
        "--seen", nargs="*", default=[], help="patients that the weights to start from have seen: they never validate"
    )
    args = parser.parse_args()
    work, data = args.work_dir.resolve(), args.data_dir.resolve()
    cases = [
        *list_volumes(data),
        *list_liver_slices(data, work),
        *list_spleen_slices(data, work),
        *list_labelled(data),
        *list_organ_free(data, work),
    ]
    write_list(assign_folds(cases, seen=args.seen), work / "datalist.json")


def list_volumes(data: Path) -> list[Case]:
    """LiTS: the liver of all; the spleen of those whose labels were seen to be good. The spacing is a guess."""
    return [
        {
            "image": str(data / "lits" / case["image"]),
            "label": str(data / "lits" / case["label"]),
            "source": "lits",
            "patient": f"lits_{case['patient']}",
            "annotated": ["liver", "spleen"] if case["spleen"] == "good" else ["liver"],
            "spacing_known": False,
            "weight": 1.0,
        }
        for case in _lits(data)
    ]


def list_liver_slices(data: Path, work: Path) -> Iterator[Case]:
    """Single slices with the liver labelled; those of a patient of LiTS belong to that patient."""
    numbers = json.loads((data / "slices/patient_map_lits_to_msdslices.json").read_text(encoding="utf-8"))["map"]
    patients = {numbers.get(str(int(_number(case)))): f"lits_{case['patient']}" for case in _lits(data)}
    archive = np.load(data / "slices/msd_liver_slices.npz")
    for image, label, number, z in zip(archive["image"], archive["label"], archive["case"], archive["z"]):
        case = _save_slice(image, label, work / "slices" / f"msd_liver_{number}_{z}")
        patient = patients.get(int(number), f"msd_liver_{number}")
        yield {**case, "source": "msd_liver_slices", "patient": patient, "annotated": ["liver"], "weight": _LIVER_SLICE}


def list_spleen_slices(data: Path, work: Path) -> Iterator[Case]:
    """Single slices with the spleen labelled."""
    archive = np.load(data / "slices/msd_spleen_slices.npz")
    for image, label, name in zip(archive["image"], archive["label"], archive["name"]):
        number, _, z = Path(str(name)).stem.split("_")
        case = _save_slice(image, label, work / "slices" / f"msd_spleen_{number}_{z}")
        case |= {"source": "msd_spleen_slices", "patient": f"msd_spleen_{number}"}
        yield {**case, "annotated": ["spleen"], "weight": _SPLEEN_SLICE}


def list_labelled(data: Path) -> list[Case]:
    """CTs in true Hounsfield units and spacing, with both organs labelled."""
    return [
        {
            "image": str(file),
            "label": str(file.with_name("label.nii.gz")),
            "source": file.parent.name.split("_")[0],
            "patient": file.parent.name,
            "annotated": ["liver", "spleen"],
            "weight": _REFERENCE,
        }
        for file in sorted((data / "labelled").glob("*/image.nii.gz"))
    ]


def list_organ_free(data: Path, work: Path) -> Iterator[Case]:
    """CTs in which no organ is in view, with the empty label maps that say so."""
    for file in [data / "unusual/head_gantry_tilt_sheared.nii.gz", *sorted((data / "negative").glob("*.nii.gz"))]:
        label = work / "organ_free" / file.name
        write_empty_label_map(file, label)
        name = file.name.split(".")[0]
        case = {"image": str(file), "label": str(label), "source": "organ_free", "patient": name}
        yield {**case, "annotated": ["liver", "spleen"], "weight": _ORGAN_FREE}


def write_empty_label_map(image_file: Path, label_file: Path) -> None:
    """Write a label map without any organ, on the grid of an image."""
    image = nib.Nifti1Image.from_filename(image_file)
    with replacing(label_file) as unfinished:
        nib.save(nib.Nifti1Image(np.zeros(image.shape[:3], np.uint8), image.affine), unfinished)


def assign_folds(cases: list[Case], seen: Collection[str] = ()) -> list[Case]:
    """
    Give each patient a fold, source by source in turn, so that every fold has its share of each.

    Args:
        cases: with "source" and "patient".
        seen: patients that the weights to start from were trained on. Their fold is ``NO_FOLD``: they never validate.
    """
    fold: dict[str, int] = {}
    count: dict[str, int] = {}
    for case in cases:
        if case["patient"] not in fold:
            fold[case["patient"]] = count.get(case["source"], 0) % _FOLDS
            count[case["source"]] = count.get(case["source"], 0) + 1
    return [{**case, "fold": NO_FOLD if case["patient"] in seen else fold[case["patient"]]} for case in cases]


def _lits(data: Path) -> list[Case]:
    return json.loads((data / "lits/cases.json").read_text(encoding="utf-8"))


def _number(case: Case) -> str:
    return case["image"].split("_")[1].split("/")[0]


def _save_slice(image: np.ndarray, label: np.ndarray, folder: Path) -> Case:
    """
    Save a slice and its label map as volumes of one slice.

    Args:
        image: rows from front to back, columns from the patient's right to left, 8 bit.
        label: of the same shape.
        folder: for both files.
    """
    affine = np.diag([-_PIXEL_SIZE, -_PIXEL_SIZE, 1.0, 1.0])  # the axes below run to the left and to the back
    for name, plane, dtype in (("image", image, np.int16), ("label", label, np.uint8)):
        with replacing(folder / f"{name}.nii.gz") as unfinished:
            nib.save(nib.Nifti1Image(plane.T[..., None].astype(dtype), affine), unfinished)
    return {
        "image": str(folder / "image.nii.gz"),
        "label": str(folder / "label.nii.gz"),
        "intensity_range": _CLIPPED,
        "spacing_known": False,
    }


if __name__ == "__main__":
    main()
