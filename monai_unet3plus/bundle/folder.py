# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle's folder: where it lies, and a copy of it to work in."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from ..utils.errors import InputError

__all__ = ["NAME", "bundle_files", "copy_bundle"]

NAME = "liver_ct_segmentation"
_INSTALLED = Path(__file__).parent / "files"  # see build.py
_REPOSITORY = Path(__file__).parents[2] / "bundle"


def bundle_files() -> Path:
    """
    The folder with the bundle that belongs to this version of the package. To be read only: training writes into the
    bundle it is given, so copy it first.

    Raises:
        InputError: When the package was installed without it.
    """
    for folder in (_INSTALLED, _REPOSITORY):
        if (folder / "configs" / "metadata.json").is_file():
            return folder
    raise InputError(f"expected the bundle in {_INSTALLED}, but it is not there. Install monai-unet3plus again.")


def copy_bundle(directory: str | os.PathLike, name: str = NAME) -> Path:
    """
    Write the bundle into a folder of its own, as ``monai.bundle``, MONAI Label and the model zoo expect it.

    Args:
        directory: folder to put the bundle's folder into; made if missing.
        name: name of the bundle's folder. MONAI Label takes it for the model's name, and the task from its words.
            Defaults to "liver_ct_segmentation".

    Returns:
        the new folder, ``directory/name``.

    Raises:
        InputError: When the name has other characters than letters, digits and underscores, or the folder exists.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise InputError(f"name: expected letters, digits and underscores, but found {name!r}.")
    target = Path(directory) / name
    if target.exists():
        raise InputError(f"{target} exists. Give another name, or remove it first.")
    source = bundle_files()
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)  # not its rights: those of an installed package may be read-only
    return target
