# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads from the header of a NRRD or MetaImage file whether it states orientation and spacing, and in which unit."""

from __future__ import annotations

import os
import re

__all__ = ["find_unit", "find_unstated", "read_fields"]

_LONGEST_HEADER = 2**20  # bytes
_NRRD, _META_IMAGE = (".nrrd", ".nhdr"), (".mha", ".mhd")
# fields in lower case, of which one is enough
_NRRD_FIELDS = {"orientation": ("space directions",), "spacing": ("space directions", "spacings")}
_META_IMAGE_FIELDS = {
    "orientation": ("transformmatrix", "orientation", "rotation"),
    "spacing": ("elementspacing", "elementsize"),
}
_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1e3, "um": 1e-3, "µm": 1e-3}  # in mm
_LONG_UNITS = {"millimet": "mm", "centimet": "cm", "micromet": "um", "micron": "um", "met": "m"}
_NRRD_SPACES = ("left-posterior-superior", "right-anterior-superior", "left-anterior-superior", "lps", "ras", "las")


def find_unstated(path: str) -> list[str]:
    """
    List which of "orientation" and "spacing" the header of a file leaves out.

    Directions of a NRRD file that names no anatomical space count as no orientation.

    Args:
        path: the file. Of formats other than NRRD and MetaImage nothing is listed.
    """
    name = path.lower()
    if not name.endswith((*_NRRD, *_META_IMAGE)):
        return []
    header = read_fields(path)
    wanted = _NRRD_FIELDS if name.endswith(_NRRD) else _META_IMAGE_FIELDS
    missing = [what for what, fields in wanted.items() if not any(_is_number(header.get(field)) for field in fields)]
    if name.endswith(_NRRD) and header.get("space", "").lower() not in _NRRD_SPACES and "orientation" not in missing:
        missing.insert(0, "orientation")
    return missing


def find_unit(path: str) -> float:
    """
    The unit of length of a NRRD or MetaImage file in mm, which ITK does not look at; 1 if it names none that is known.
    """
    name = path.lower()
    if not name.endswith((*_NRRD, *_META_IMAGE)):
        return 1.0
    header = read_fields(path)
    if name.endswith(_NRRD):
        names = header.get("space units") or header.get("units") or ""
    else:
        names = header.get("distanceunits") or ""
    for unit in re.findall(r"[^\W\d_]+", names.lower()):
        short = next((short for start, short in _LONG_UNITS.items() if unit.startswith(start)), unit)
        if short in _UNITS:
            return _UNITS[short]
    return 1.0


def read_fields(path: str) -> dict[str, str]:
    """
    The fields of a text header by their names in lower case.

    Args:
        path: a NRRD or MetaImage file, whose header ends at an empty line or with the place of the voxels.
    """
    separator = ":" if path.lower().endswith(_NRRD) else "="
    with open(path, "rb") as file:
        text = os.fsdecode(file.read(_LONGEST_HEADER))
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, found, value = line.partition(separator)
        if separator == ":" and not line.strip():
            break
        if found and not line.startswith("#"):
            fields.setdefault(name.strip().lower(), value.removeprefix("=").strip())
        if name.strip() == "ElementDataFile":
            break
    return fields


def _is_number(value: str | None) -> bool:
    """Whether a field has a value: NRRD writes NaN or "none" for an axis without one."""
    return bool(value) and any(character.isdigit() for character in str(value))
