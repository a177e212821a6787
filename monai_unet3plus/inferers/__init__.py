# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inferers: slice by slice with neighbouring slices, and under autocast."""

from __future__ import annotations

from .adjacent_slice import AdjacentSliceInferer
from .autocast import AutocastInferer

__all__ = ["AdjacentSliceInferer", "AutocastInferer"]
