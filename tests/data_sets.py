# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tiny data sets: boxes in the Decathlon's layout, a DICOM series, and where real CTs may be."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK

# Real CTs, which are not part of the project. Tests that use them are skipped where the folder is missing.
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def write_boxes(folder: Path, cases: int = 3, test_cases: int = 1, shape: tuple[int, int, int] = (48, 40, 6)) -> None:
    """
    Write volumes of air with a body of fat in which a bright box is label 1 and a darker one label 2.

    Args:
        folder: gets imagesTr, labelsTr, imagesTs, labelsTs and dataset.json.
        cases: number of training cases.
        test_cases: number of test cases.
        shape: size of the volumes.
    """
    rng = np.random.default_rng(0)
    affine = np.array([[-1.5, 0, 0, 60], [0, 1.5, 0, -50], [0, 0, 4, 10], [0, 0, 0, 1.0]])
    training = []
    for index in range(cases + test_cases):
        section, name = "Tr" if index < cases else "Ts", f"box_{index}.nii.gz"
        label = np.zeros(shape, np.uint8)
        x, y = rng.integers(8, 14, size=2)
        label[x : x + 14, y : y + 12, 1:-1] = 1
        label[x + 18 : x + 24, y : y + 6, 1:-2] = 2
        image = np.full(shape, -1000.0)
        image[3:-3, 3:-3] = -90
        image[label == 1], image[label == 2] = 120, 60
        image += rng.normal(0, 8, shape)
        for kind, array in (("images", image.astype(np.int16)), ("labels", label)):
            path = folder / f"{kind}{section}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(array, affine), path)
        if section == "Tr":
            training.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})
    (folder / "dataset.json").write_text(json.dumps({"training": training}))


def write_dicom_series(
    volume: Path,
    folder: Path,
    number: int = 1,
    modality: str = "CT",
    slices: int = 1000,
    more: dict[str, str] | None = None,
) -> None:
    """
    Write a volume as a DICOM series of CT slices, without suffixes in the names.

    Args:
        volume: file of a volume whose third axis goes along the patient.
        folder: gets one file per slice.
        number: makes the series' identifier.
        modality: as the files state it.
        slices: number of slices to write at most.
        more: further fields, such as ``{"0010|0010": "DOE^JANE"}``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    image = SimpleITK.Cast(SimpleITK.ReadImage(str(volume)), SimpleITK.sitkInt16)
    direction = image.GetDirection()
    writer = SimpleITK.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetImageIO("GDCMImageIO")
    for z in range(min(image.GetDepth(), slices)):
        plane = image[:, :, z]
        position = image.TransformIndexToPhysicalPoint((0, 0, z))
        tags = {
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
            "0008|0018": f"1.2.3.{number}.{z + 1}",
            "0008|0020": "20200102",
            "0008|0030": "101112",
            "0008|0050": "",
            "0008|0060": modality,
            "0008|0090": "",
            "0010|0010": "Phantom^Box",
            "0010|0020": "P1",
            "0010|0030": "",
            "0010|0040": "O",
            "0020|0010": "S1",
            "0020|0052": "1.2.3.4",
            "0018|0050": f"{image.GetSpacing()[2]:g}",
            "0020|000d": "1.2.3",
            "0020|000e": f"1.2.3.{number}",
            "0020|0013": str(z + 1),
            "0020|0032": "\\".join(f"{value:.6f}" for value in position),
            "0020|0037": "\\".join(f"{direction[i]:.6f}" for i in (0, 3, 6, 1, 4, 7)),
        }
        for tag, value in {**tags, **(more or {})}.items():
            plane.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"series{number}_{z:03d}"))
        writer.Execute(plane)
