# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of DICOM files: where each lies in the patient, and the kind of picture that it is."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["Frame", "is_concatenated", "is_ct_object", "list_frames", "read_header"]

_CT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # enhanced CT
    "1.2.840.10008.5.1.4.1.1.2.2",  # legacy converted enhanced CT
)
_NO_SCAN = ("LOCALIZER", "MIP", "MINIP", "SCREEN SAVE")  # values of Image Type
_PIXEL_TAGS = {b"\xe0\x7f\x10\x00": "<", b"\x7f\xe0\x00\x10": ">"}  # little and big endian
_UNDEFINED_LENGTH = 0xFFFFFFFF  # of pixels that are packed
_LARGEST_COSINE = 0.01  # between rows and columns, which are at right angles but for rounding


@dataclass
class Frame:
    """
    A frame of a file, the only one in a plain CT slice.

    Args:
        file: its path.
        index: its number in the file, from 0.
        shape: number of columns and of rows.
        series: identifier of the series.
        kind: modality.
        is_ct: whether it is a slice of a CT, with one number per pixel, no overview.
        instance: identifier of the object and number of the frame; copies have the same.
        number: of the object in the series, and of the frame.
        position: of the centre of the first pixel in mm, axes towards the patient's left, back and head; None if the
            file does not tell.
        orientation: direction of the rows and of the columns, ``(6,)``, or None.
        spacing: mm from row to row and from column to column, or None.
        thickness: of the slice in mm, or None.
        rescale: slope and intercept, or None where the file has none.
        applied_rescale: those of the file's first frame, which GDCM applies to all.
        mirror: the lowest and the highest number that a pixel can store, added up, of an image whose numbers GDCM
            mirrors because it is to be shown in negative (MONOCHROME1); else None.
        padding: value of the pixels that the scanner has filled, or None.
        fault: a reason why the pixels can't be read, or "".
        phase: values that tell the phases of a series apart, by the name of the field.
    """

    file: str
    index: int
    shape: tuple[int, int]
    series: str
    kind: str
    is_ct: bool
    instance: tuple[str, int]
    number: tuple[int, int]
    position: np.ndarray | None
    orientation: np.ndarray | None
    spacing: np.ndarray | None
    thickness: float | None
    rescale: tuple[float, float] | None
    applied_rescale: tuple[float, float] | None
    mirror: int | None = None
    padding: float | None = None
    fault: str = ""
    phase: dict[str, str] = field(default_factory=dict)


def read_header(path: str | os.PathLike) -> Any:
    """
    The fields of a DICOM file without its pixels, a ``pydicom.Dataset``, whose attribute ``pixel_bytes`` is the number
    of bytes that the pixels take; None if they are packed.

    Raises:
        Exception: Whatever pydicom raises for a file that is damaged.
    """
    import pydicom

    with open(path, "rb") as file:
        header: Any = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        start = file.read(12)
    header.pixel_bytes = _pixel_bytes(start)
    return header


def _pixel_bytes(start: bytes) -> int | None:
    """The length that the field of the pixels states, from its first bytes; None if unknown, as where it is packed."""
    order = _PIXEL_TAGS.get(start[:4])
    place = 8 if start[4:6] in (b"OB", b"OW") else 4
    if order is None or len(start) < place + 4:
        return None
    length = int(struct.unpack_from(f"{order}I", start, place)[0])
    return None if length == _UNDEFINED_LENGTH else length


def is_ct_object(header: Any) -> bool:
    """Whether a file says by its SOP class that it is a CT."""
    return str(header.get("SOPClassUID") or "") in _CT_CLASSES


def is_concatenated(header: Any) -> bool:
    """Whether a multi-frame object is part of one that was cut into several files."""
    return bool(header.get("ConcatenationUID"))


def list_frames(header: Any, file: str) -> list[Frame]:
    """The frames of a file; none if it is no image, such as a report or a set of contours."""
    if not header.get("Rows") or not header.get("Columns"):
        return []
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    shared = (header.get("SharedFunctionalGroupsSequence") or [None])[0]
    count = int(header.get("NumberOfFrames") or 1)
    if count == 1 and not per_frame:
        return [_frame(header, file, 0, [header])]
    groups = [per_frame[k] if k < len(per_frame) else None for k in range(count)]
    frames = [_frame(header, file, k, [group, shared, header]) for k, group in enumerate(groups)]
    return [replace(frame, applied_rescale=frames[0].rescale) for frame in frames]


def _frame(header: Any, file: str, index: int, groups: list[Any]) -> Frame:
    position = _numbers(_find(groups, "PlanePositionSequence", "ImagePositionPatient"), 3)
    orientation = _directions(_find(groups, "PlaneOrientationSequence", "ImageOrientationPatient"))
    thickness = _numbers(_find(groups, "PixelMeasuresSequence", "SliceThickness"), 1)
    slope = _numbers(_find(groups, "PixelValueTransformationSequence", "RescaleSlope"), 1)
    intercept = _numbers(_find(groups, "PixelValueTransformationSequence", "RescaleIntercept"), 1)
    rescale = None
    if slope is not None or intercept is not None:  # GDCM takes 1 or 0 for the one that is missing
        rescale = (1.0 if slope is None else float(slope[0]), 0.0 if intercept is None else float(intercept[0]))
    kind = str(header.get("Modality") or "")
    number = _numbers(header.get("InstanceNumber"), 1)
    return Frame(
        file=file,
        index=index,
        shape=(int(header.Columns), int(header.Rows)),
        series=str(header.get("SeriesInstanceUID") or ""),
        kind=kind or "no modality",
        is_ct=_is_ct(header, kind, _find(groups, "CTImageFrameTypeSequence", "FrameType") or header.get("ImageType")),
        instance=(str(header.get("SOPInstanceUID") or file), index),
        number=(0 if number is None else int(number[0]), index),
        position=position,
        orientation=orientation,
        spacing=_numbers(_find(groups, "PixelMeasuresSequence", "PixelSpacing"), 2),
        thickness=None if thickness is None or thickness[0] <= 0 else float(thickness[0]),
        rescale=rescale,
        applied_rescale=rescale,
        mirror=_mirror(header),
        padding=_padding(header),
        fault=_fault(header),
        phase=_phase(header, groups, file if len(groups) > 1 else ""),
    )


def _is_ct(header: Any, kind: str, image_type: Any) -> bool:
    if int(header.get("SamplesPerPixel") or 1) != 1 or set(_NO_SCAN) & {
        str(value).upper() for value in image_type or ()
    }:
        return False
    if kind not in ("CT", ""):
        return False
    return is_ct_object(header) or header.get("ImagePositionPatient") is not None  # as anonymizers may leave it


def _padding(header: Any) -> float | None:
    found = _numbers(header.get("PixelPaddingValue"), 1)
    if found is None:
        return None
    value = int(found[0]) % 2**16  # often written with another sign than the pixels have
    return float(value - 2**16 if header.get("PixelRepresentation") and value >= 2**15 else value)


def _mirror(header: Any) -> int | None:
    if str(header.get("PhotometricInterpretation") or "") != "MONOCHROME1":
        return None
    return -1 if header.get("PixelRepresentation") else 2 ** int(header.get("BitsStored") or 16) - 1


def _fault(header: Any) -> str:
    bits, high, allocated = (int(header.get(name) or 0) for name in ("BitsStored", "HighBit", "BitsAllocated"))
    if bits and high and high != bits - 1:
        return f"expected pixels in the lowest {bits} bits, but High Bit is {high}"
    size = int(header.get("SamplesPerPixel") or 1) * int(header.get("NumberOfFrames") or 1) * allocated // 8
    expected, found = int(header.Rows) * int(header.Columns) * size, getattr(header, "pixel_bytes", None)
    if found is not None and found < expected:
        return f"expected {expected} bytes of pixels, but found {found}"
    return ""


def _phase(header: Any, groups: list[Any], file: str) -> dict[str, str]:
    values = {
        "TemporalPositionIndex": _find(groups, "FrameContentSequence", "TemporalPositionIndex"),
        "TemporalPositionIdentifier": header.get("TemporalPositionIdentifier"),
        "StackID": _find(groups, "FrameContentSequence", "StackID"),
        "AcquisitionNumber": header.get("AcquisitionNumber"),
        "AcquisitionTime": header.get("AcquisitionTime"),
        "file": file,
    }
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def _find(groups: list[Any], sequence: str, name: str) -> Any:
    """The value of a field: of the frame, else shared by all frames, else of the object."""
    for group in groups:
        if group is None:
            continue
        items = group.get(sequence)
        value = items[0].get(name) if items else group.get(name)
        if value not in (None, ""):
            return value
    return None


def _directions(value: Any) -> np.ndarray | None:
    """Directions of rows and columns, of length 1 whatever the file has; None if they are not at right angles."""
    found = _numbers(value, 6)
    if found is None:
        return None
    across, down = (vector / max(float(np.linalg.norm(vector)), 1e-12) for vector in (found[:3], found[3:]))
    usable = across.any() and down.any() and abs(float(across @ down)) <= _LARGEST_COSINE
    return np.concatenate((across, down)) if usable else None


def _numbers(value: Any, count: int) -> np.ndarray | None:
    try:
        found = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError):
        return None
    return found if found.shape == (count,) and np.isfinite(found).all() else None
