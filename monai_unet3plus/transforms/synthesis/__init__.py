# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthesis for training: transforms that paint anatomy and contrast into slabs of CT slices."""

from __future__ import annotations

from .arms import RandArmsd
from .domes import RandLungDomesd
from .growth import RandOrganGrowthd
from .intensities import RandNativeContrastd, RandOrganIntensitiesd, RandTissueIntensitiesd
from .lesions import RandLesionsd, RandVesselsd
from .limbs import RandLimbsd
from .neighbours import RandNeighboursd
from .streaks import RandStreaksd

__all__ = [
    "RandArmsd",
    "RandLesionsd",
    "RandLimbsd",
    "RandLungDomesd",
    "RandNativeContrastd",
    "RandNeighboursd",
    "RandOrganGrowthd",
    "RandOrganIntensitiesd",
    "RandStreaksd",
    "RandTissueIntensitiesd",
    "RandVesselsd",
]
