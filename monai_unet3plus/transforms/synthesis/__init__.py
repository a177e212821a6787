# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthesis for training: transforms that paint anatomy and contrast into slabs of CT slices."""

from __future__ import annotations

from .arms import RandArms, RandArmsd
from .base import RandSynthesis, RandSynthesisd
from .domes import RandLungDomes, RandLungDomesd
from .growth import RandOrganGrowth, RandOrganGrowthd
from .intensities import (
    RandNativeContrast,
    RandNativeContrastd,
    RandOrganIntensities,
    RandOrganIntensitiesd,
    RandTissueIntensities,
    RandTissueIntensitiesd,
)
from .lesions import RandLesions, RandLesionsd, RandVessels, RandVesselsd
from .limbs import RandLimbs, RandLimbsd
from .neighbours import RandNeighbours, RandNeighboursd
from .streaks import RandStreaks, RandStreaksd

__all__ = [
    "RandArms",
    "RandArmsd",
    "RandLesions",
    "RandLesionsd",
    "RandLimbs",
    "RandLimbsd",
    "RandLungDomes",
    "RandLungDomesd",
    "RandNativeContrast",
    "RandNativeContrastd",
    "RandNeighbours",
    "RandNeighboursd",
    "RandOrganGrowth",
    "RandOrganGrowthd",
    "RandOrganIntensities",
    "RandOrganIntensitiesd",
    "RandStreaks",
    "RandStreaksd",
    "RandSynthesis",
    "RandSynthesisd",
    "RandTissueIntensities",
    "RandTissueIntensitiesd",
    "RandVessels",
    "RandVesselsd",
]
