# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares the two affines in the header of a NIfTI file, qform and sform."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

__all__ = ["measure_disagreement"]


def measure_disagreement(header: Any) -> float:
    """
    The largest distance in voxels between a corner of the volume by the qform and by the sform; infinite where one of
    them is not usable.

    Args:
        header: nibabel's, of a NIfTI file.
    """
    import nibabel as nib

    corners = np.array(list(itertools.product(*((0, size - 1) for size in header.get_data_shape()[:3]), (1,)))).T
    try:
        moved = np.linalg.inv(header.get_sform()) @ header.get_qform() @ corners - corners
    except (ValueError, nib.spatialimages.HeaderDataError, np.linalg.LinAlgError):
        return np.inf
    return float(np.abs(moved).max()) if np.isfinite(moved).all() else np.inf
