# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms, array and dictionary based."""

from __future__ import annotations

from .adjacent_slices import (
    AdjacentSlicesToChannels,
    AdjacentSlicesToChannelsd,
    AdjacentSlicesToChannelsD,
    AdjacentSlicesToChannelsDict,
)
from .checks import CheckGridd, CheckPaird, CheckVolumed
from .clip_intensity import RandClipIntensityd
from .dicom_seg import SaveDicomSegd
from .elastic import RandElasticd
from .intensity_check import CheckIntensityd
from .inversion import ProcessSafeInvertd
from .load_ct import LoadCT, LoadCTd, LoadCTD, LoadCTDict
from .organs import LabelMapToMasksd, SelectOrgansd, logits_to_label_map
from .outputs import FinestOutputd
from .plane import ResamplePlaned
from .save_label_map import SaveLabelMap, SaveLabelMapd, SaveLabelMapD, SaveLabelMapDict
from .slab_crop import RandSlabCropd
from .synthesis import (
    RandArmsd,
    RandLesionsd,
    RandLimbsd,
    RandLungDomesd,
    RandNativeContrastd,
    RandNeighboursd,
    RandOrganGrowthd,
    RandOrganIntensitiesd,
    RandStreaksd,
    RandTissueIntensitiesd,
    RandVesselsd,
)
from .window import WindowIntensity, WindowIntensityd, WindowIntensityD, WindowIntensityDict

__all__ = [
    "AdjacentSlicesToChannels",
    "AdjacentSlicesToChannelsD",
    "AdjacentSlicesToChannelsDict",
    "AdjacentSlicesToChannelsd",
    "CheckGridd",
    "CheckIntensityd",
    "CheckPaird",
    "CheckVolumed",
    "FinestOutputd",
    "ProcessSafeInvertd",
    "LabelMapToMasksd",
    "LoadCT",
    "LoadCTD",
    "LoadCTDict",
    "LoadCTd",
    "RandArmsd",
    "RandClipIntensityd",
    "RandElasticd",
    "RandLesionsd",
    "RandLimbsd",
    "RandLungDomesd",
    "RandNativeContrastd",
    "RandNeighboursd",
    "RandOrganGrowthd",
    "RandOrganIntensitiesd",
    "RandSlabCropd",
    "RandStreaksd",
    "RandTissueIntensitiesd",
    "RandVesselsd",
    "ResamplePlaned",
    "SaveDicomSegd",
    "SaveLabelMap",
    "SaveLabelMapD",
    "SaveLabelMapDict",
    "SaveLabelMapd",
    "SelectOrgansd",
    "WindowIntensity",
    "WindowIntensityD",
    "WindowIntensityDict",
    "WindowIntensityd",
    "logits_to_label_map",
]
