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
from .dicom import CheckSeriesd, LoadVolumed
from .dicom_seg import SaveDicomSegd
from .file_affine import FileAffined
from .intensity_check import CheckIntensityd
from .inversion import InvertAcrossProcessesd
from .organs import LabelMapToMasksd, SelectOrgansd, logits_to_label_map
from .outputs import FinestOutputd
from .plane import ResamplePlaned
from .slab_crop import RandSlabCropd
from .synthesis import (
    RandLesionsd,
    RandLungDomesd,
    RandNativeContrastd,
    RandOrganIntensitiesd,
    RandTissueIntensitiesd,
    RandVesselsd,
)

__all__ = [
    "AdjacentSlicesToChannels",
    "AdjacentSlicesToChannelsD",
    "AdjacentSlicesToChannelsDict",
    "AdjacentSlicesToChannelsd",
    "CheckGridd",
    "CheckIntensityd",
    "CheckPaird",
    "CheckSeriesd",
    "CheckVolumed",
    "FileAffined",
    "FinestOutputd",
    "InvertAcrossProcessesd",
    "LabelMapToMasksd",
    "LoadVolumed",
    "RandLesionsd",
    "RandLungDomesd",
    "RandNativeContrastd",
    "RandOrganIntensitiesd",
    "RandSlabCropd",
    "RandTissueIntensitiesd",
    "RandVesselsd",
    "ResamplePlaned",
    "SaveDicomSegd",
    "SelectOrgansd",
    "logits_to_label_map",
]
