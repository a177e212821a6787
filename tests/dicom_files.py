# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Small DICOM files, written by pydicom: plain CT slices and enhanced, multi-frame CT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SPACING = (3.0, 2.0)  # from row to row, from column to column

Positions = Sequence[Sequence[float]]


def hounsfield(shape: tuple[int, int, int] = (6, 12, 10), seed: int = 0) -> np.ndarray:
    """Whole Hounsfield units ``(slices, rows, columns)``, all slices different."""
    return np.random.default_rng(seed).integers(-1000, 1000, shape).astype(float)


def axial_positions(count: int, step: float = 5.0) -> list[tuple[float, float, float]]:
    """Where slices lie that are counted towards the head."""
    return [(-100.0, -90.0, -50.0 + step * k) for k in range(count)]


def ct_slices(
    volume: np.ndarray, positions: Positions | None = None, series: str = "1.2.3.1", **fields: Any
) -> list[Dataset]:
    """
    A CT as plain slices.

    Args:
        volume: Hounsfield units ``(slices, rows, columns)``.
        positions: of the first pixels, in mm.
        series: identifier of the series.
        fields: values for every slice; None leaves a field out.
    """
    places = axial_positions(len(volume)) if positions is None else positions
    slices = []
    for number, (plane, place) in enumerate(zip(volume, places), start=1):
        ds = _image(plane + 1024, CT, series)
        ds.InstanceNumber, ds.ImagePositionPatient, ds.ImageOrientationPatient = number, list(place), list(AXIAL)
        ds.PixelSpacing, ds.SliceThickness, ds.RescaleSlope, ds.RescaleIntercept = list(SPACING), 5, 1, -1024
        slices.append(_change(ds, fields))
    return slices


def enhanced_ct(
    volume: np.ndarray,
    positions: Positions | None = None,
    series: str = "1.2.3.1",
    intercepts: Sequence[float] | None = None,
    **fields: Any,
) -> Dataset:
    """
    A CT as one multi-frame object.

    Args:
        volume: Hounsfield units ``(frames, rows, columns)``.
        positions: of the first pixels, in mm.
        series: identifier of the series.
        intercepts: of each frame. Defaults to None, one for all.
        fields: values for the object; None leaves a field out.
    """
    places = axial_positions(len(volume)) if positions is None else positions
    own = [-1024.0] * len(volume) if intercepts is None else intercepts
    ds = _image(volume - np.reshape(own, (-1, 1, 1)), ENHANCED_CT, series)
    shared = Dataset()
    shared.PlaneOrientationSequence = [_item(ImageOrientationPatient=list(AXIAL))]
    shared.PixelMeasuresSequence = [_item(PixelSpacing=list(SPACING), SliceThickness=5)]
    frames = []
    for place, intercept in zip(places, own):
        frame = _item(PlanePositionSequence=[_item(ImagePositionPatient=list(place))])
        frame.PixelValueTransformationSequence = [_item(RescaleSlope=1, RescaleIntercept=intercept)]
        frames.append(frame)
    ds.NumberOfFrames, ds.SharedFunctionalGroupsSequence = len(volume), [shared]
    ds.PerFrameFunctionalGroupsSequence, ds.InstanceNumber = frames, 1
    return _change(ds, fields)


def save_dicom(folder: Path, datasets: Sequence[Dataset], prefix: str = "I") -> Path:
    """Write datasets into a folder, without suffixes in the names."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, ds in enumerate(datasets):
        ds.save_as(folder / f"{prefix}{number:03d}", enforce_file_format=True)
    return folder


def _image(stored: np.ndarray, sop_class: str, series: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = sop_class, generate_uid(), "CT"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3", series, "1.2.4"
    ds.PatientName, ds.PatientID, ds.StudyDate, ds.StudyTime = "Phantom", "P1", "20200102", "101112"
    ds.PatientBirthDate = ds.PatientSex = ds.AccessionNumber = ds.ReferringPhysicianName = ds.StudyID = ""
    ds.ImageType, ds.SamplesPerPixel, ds.PhotometricInterpretation = ["ORIGINAL", "PRIMARY", "AXIAL"], 1, "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.PixelData = np.round(stored).astype("<i2").tobytes()
    return ds


def _item(**fields: Any) -> Dataset:
    return _change(Dataset(), fields)


def _change(ds: Dataset, fields: dict[str, Any]) -> Dataset:
    for name, value in fields.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    return ds
