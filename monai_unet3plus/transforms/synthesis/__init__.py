# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthesis for training: transforms that paint anatomy and contrast into slabs of CT slices."""

from __future__ import annotations

from .domes import RandLungDomesd
from .intensities import RandNativeContrastd, RandOrganIntensitiesd, RandTissueIntensitiesd
from .lesions import RandLesionsd, RandVesselsd

__all__ = [
    "RandLesionsd",
    "RandLungDomesd",
    "RandNativeContrastd",
    "RandOrganIntensitiesd",
    "RandTissueIntensitiesd",
    "RandVesselsd",
]
