# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of an image: the formats by suffix, the files that hold its voxels, and whether one of them has changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the process that tries files out starts in no time without MONAI
    from monai.config import PathLike

__all__ = [
    "NIFTI_SUFFIXES",
    "VOLUME_SUFFIXES",
    "image_state",
    "is_nifti",
    "is_volume",
    "list_files",
    "starts_like_dicom",
    "volume_stem",
]

NIFTI_SUFFIXES = (".nii.gz", ".nii.bz2", ".nii", ".hdr")
VOLUME_SUFFIXES = (*NIFTI_SUFFIXES, ".nrrd", ".nhdr", ".mha", ".mhd")
_DICOM_SUFFIX = ".dcm"  # which DICOM files need not have
_MAGIC_OFFSET, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")  # of a DICOM file without a preamble, little endian

_LONGEST_HEADER = 2**20  # bytes; one that lists a file for each slice is long
_MOST_FILES = 100_000  # more than any volume has slices; a damaged header may claim billions
_META_IMAGE_DATA = re.compile(rb"^\s*ElementDataFile\s*=\s*(?P<place>.*)$", re.M)
_NRRD_DATA = re.compile(rb"^data ?file:\s*(?P<place>.*)$", re.M | re.I)


def is_volume(path: PathLike) -> bool:
    """
    Whether a file has the name of a volume, whatever it holds.

    Args:
        path: the file. A broken link counts too: it is a case that fails, not one that is passed over.
    """
    file = Path(path)
    return not file.name.startswith(".") and file.name.lower().endswith(VOLUME_SUFFIXES) and not file.is_dir()


def is_nifti(path: PathLike) -> bool:
    """
    Whether a file has the name of a NIfTI file.

    Args:
        path: the file. Of a pair the header counts, not the file of the voxels.
    """
    return str(path).lower().endswith(NIFTI_SUFFIXES)


def starts_like_dicom(path: str | os.PathLike) -> bool:
    """
    Whether a file begins like DICOM, also one without the preamble.

    Args:
        path: a regular file that can be read.
    """
    with open(path, "rb") as file:
        start = file.read(_MAGIC_OFFSET + len(_MAGIC))
    if start[_MAGIC_OFFSET:] == _MAGIC:
        return True
    return start[:2] in _FIRST_GROUPS and start[3:4] == b"\x00"


def volume_stem(name: str) -> str:
    """
    The name of a volume without its suffix. A name that is split at dots would be that of several: "case.1", "case.2".

    Args:
        name: name of a file or folder; one without a known suffix is returned as it is.
    """
    for suffix in (*VOLUME_SUFFIXES, _DICOM_SUFFIX):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def list_files(image: PathLike) -> list[Path]:
    """
    List the files that an image is made of.

    Args:
        image: a file, or the folder of a DICOM series. The header of a MetaImage (.mhd), a NRRD (.nhdr) or a NIfTI pair
            (.hdr) names the files of its voxels, which may lie elsewhere.

    Returns:
        the files in a folder, with those below if it holds no DICOM itself, as a series is read; or the file itself and
        then those of its voxels, whether they exist or not.
    """
    path = Path(image)
    if path.is_dir():
        inside = sorted(file for file in path.iterdir() if file.is_file())
        if any(map(_is_dicom, inside)):
            return inside
        return sorted(file for file in path.rglob("*") if file.is_file())  # a series in several folders
    suffix = path.suffix.lower()
    if suffix == ".hdr":
        return [path, *(file for file in map(path.with_suffix, (".img", ".IMG")) if file.exists())]
    if suffix == ".mhd":
        return [path, *(path.parent / name for name in _named_files(path, _META_IMAGE_DATA))]
    if suffix == ".nhdr":
        return [path, *(path.parent / name for name in _named_files(path, _NRRD_DATA))]
    return [path]


def image_state(image: PathLike) -> dict[str, Any]:
    """
    Describe the files of an image so that a change of any of them is noticed, by their names, sizes and times.

    Args:
        image: a file, or the folder of a DICOM series.

    Returns:
        the number of files, their bytes, and a digest of names, sizes and times of change.

    Raises:
        OSError: When the image is not there. A file of its voxels that is missing counts as a change.
    """
    path = Path(image)
    os.stat(path)
    status = [(file, file.stat()) for file in list_files(path) if os.path.exists(file)]
    names = [[os.path.relpath(file, path.parent), stat.st_size, stat.st_mtime_ns] for file, stat in status]
    digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
    return {"files": len(status), "bytes": sum(stat.st_size for _, stat in status), "digest": digest}


def _is_dicom(file: Path) -> bool:
    try:
        return starts_like_dicom(file)
    except OSError:  # it can't be read, as the case will say
        return False


def _named_files(header: Path, field: re.Pattern[bytes]) -> list[str]:
    """The files that a text header names: one, a list to its end, or a pattern such as "slice%03d.raw 1 20 1"."""
    try:
        with header.open("rb") as file:
            text = file.read(_LONGEST_HEADER)
    except OSError:
        return []
    found = field.search(text)
    if found is None:
        return []
    place = os.fsdecode(found["place"].strip())
    if place.upper() == "LOCAL":
        return []
    if place.split(" ")[0] == "LIST":
        return [os.fsdecode(line.strip()) for line in text[found.end() :].splitlines() if line.strip()]
    pattern = re.fullmatch(r"([^%]*%\d{0,2}d[^%\s]*)((?: +-?\d{1,9}){2,4})", place)
    if pattern is None:
        return [place]
    first, last, *step = map(int, pattern[2].split())
    numbers = range(first, last + 1, max(step[0], 1) if step else 1)[:_MOST_FILES]
    return [pattern[1] % number for number in numbers]
