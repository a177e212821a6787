# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Lists of cases, as MONAI's decathlon format has them under "training"."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..utils.files import replacing

__all__ = ["NO_FOLD", "Case", "find_root", "read_list", "write_list"]

Case = dict[str, Any]

NO_FOLD = -1  # of a case that is held out in no fold


def read_list(file: Path) -> list[Case]:
    """
    Read the cases.

    Args:
        file: JSON file with ``{"training": [{"image": ..., "label": ...}, ...]}``.
    """
    return json.loads(file.read_text(encoding="utf-8"))["training"]


def write_list(cases: Sequence[Case], file: Path) -> None:
    """Write a list, whole or not at all."""
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps({"training": list(cases)}, indent=1), encoding="utf-8")


def find_root(cases: Sequence[Case]) -> str:
    """Find the folder that all images are in."""
    return os.path.commonpath([os.path.dirname(case["image"]) for case in cases])
