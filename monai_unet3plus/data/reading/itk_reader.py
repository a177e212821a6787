# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""SimpleITK's reader of a file, by the format that the suffix names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...utils.errors import InputError

__all__ = ["open_reader"]

_FORMATS = {".mha": "MetaImageIO", ".mhd": "MetaImageIO", ".nrrd": "NrrdImageIO", ".nhdr": "NrrdImageIO"}


def open_reader(path: str, image_io: str | None = None) -> Any:
    """
    Set up a reader. SimpleITK alone does not know suffixes in capitals.

    Args:
        path: a MetaImage or NRRD file; of others SimpleITK finds the format out.
        image_io: SimpleITK's name of the format. Defaults to None, as the suffix says.

    Returns:
        a ``SimpleITK.ImageFileReader``.

    Raises:
        InputError: When the path is not UTF-8, which would end the process.
    """
    shown = path.encode("utf-8", "replace").decode()
    if shown != path:
        raise InputError(f"{shown}: expected a path in UTF-8, but found bytes that are not, shown as ?. Rename it.")
    import SimpleITK  # here, since it takes 90 MiB, which who reads none of these can do without

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(path)
    image_io = image_io or _FORMATS.get(Path(path).suffix.lower())
    if image_io:
        reader.SetImageIO(image_io)
    return reader
