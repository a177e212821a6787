# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the header of a NRRD or MetaImage file states orientation and spacing, which readers make up otherwise."""

from __future__ import annotations

__all__ = ["find_unstated"]

_LONGEST_HEADER = 2**20  # bytes
_NRRD, _META_IMAGE = (".nrrd", ".nhdr"), (".mha", ".mhd")
# fields in lower case, of which one is enough
_NRRD_FIELDS = {"orientation": ("space directions",), "spacing": ("space directions", "spacings")}
_META_IMAGE_FIELDS = {
    "orientation": ("transformmatrix", "orientation", "rotation"),
    "spacing": ("elementspacing", "elementsize"),
}
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
    header = _read_fields(path, ":" if name.endswith(_NRRD) else "=")
    wanted = _NRRD_FIELDS if name.endswith(_NRRD) else _META_IMAGE_FIELDS
    missing = [what for what, fields in wanted.items() if not any(_is_number(header.get(field)) for field in fields)]
    if name.endswith(_NRRD) and header.get("space", "").lower() not in _NRRD_SPACES and "orientation" not in missing:
        missing.insert(0, "orientation")
    return missing


def _read_fields(path: str, separator: str) -> dict[str, str]:
    """The fields of a text header, which ends at an empty line or with the place of the voxels."""
    with open(path, "rb") as file:
        text = file.read(_LONGEST_HEADER).decode("latin-1")
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
