# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""SimpleITK's reader of a file, by the format that the suffix names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["open_reader"]

_FORMATS = {".mha": "MetaImageIO", ".mhd": "MetaImageIO", ".nrrd": "NrrdImageIO", ".nhdr": "NrrdImageIO"}


def open_reader(path: str) -> Any:
    """
    Set up a reader. SimpleITK alone does not know suffixes in capitals.

    Args:
        path: a MetaImage or NRRD file; of others SimpleITK finds the format out.

    Returns:
        a ``SimpleITK.ImageFileReader``.
    """
    import SimpleITK  # here, since it takes 90 MiB, which who reads none of these can do without

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(path)
    suffix = Path(path).suffix.lower()
    if suffix in _FORMATS:
        reader.SetImageIO(_FORMATS[suffix])
    return reader
