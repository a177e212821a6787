# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Transforms, array and dictionary based."""

from __future__ import annotations

from . import synthesis
from .adjacent_slices import (
    AdjacentSlicesToChannels,
    AdjacentSlicesToChannelsD,
    AdjacentSlicesToChannelsd,
    AdjacentSlicesToChannelsDict,
)
from .array_to_dictionary import ApplyToKeysd, RandApplyToKeysd
from .checks import CheckGrid, CheckGridd, CheckPair, CheckPaird, CheckVolume, CheckVolumed
from .clip_intensity import RandClipIntensity, RandClipIntensityd
from .dicom_seg import SaveDicomSeg, SaveDicomSegd
from .elastic import RandElastic, RandElasticd
from .intensity_check import CheckIntensity, CheckIntensityd
from .inversion import ProcessSafeInvertd
from .load_ct import LoadCT, LoadCTD, LoadCTd, LoadCTDict
from .organs import LabelMapToMasks, LabelMapToMasksd, SelectOrgans, SelectOrgansd, logits_to_label_map
from .outputs import FinestOutput, FinestOutputd
from .plane import ResamplePlane, ResamplePlaned
from .save_image import SaveImage, SaveImaged
from .slab_crop import RandSlabCrop, RandSlabCropd, Slab
from .synthesis import *  # noqa: F401, F403
from .window import WindowIntensity, WindowIntensityD, WindowIntensityd, WindowIntensityDict

__all__ = [
    "AdjacentSlicesToChannels",
    "AdjacentSlicesToChannelsD",
    "AdjacentSlicesToChannelsDict",
    "AdjacentSlicesToChannelsd",
    "ApplyToKeysd",
    "CheckGrid",
    "CheckGridd",
    "CheckIntensity",
    "CheckIntensityd",
    "CheckPair",
    "CheckPaird",
    "CheckVolume",
    "CheckVolumed",
    "FinestOutput",
    "FinestOutputd",
    "LabelMapToMasks",
    "LabelMapToMasksd",
    "LoadCT",
    "LoadCTD",
    "LoadCTDict",
    "LoadCTd",
    "ProcessSafeInvertd",
    "RandApplyToKeysd",
    "RandClipIntensity",
    "RandClipIntensityd",
    "RandElastic",
    "RandElasticd",
    "RandSlabCrop",
    "RandSlabCropd",
    "ResamplePlane",
    "ResamplePlaned",
    "SaveDicomSeg",
    "SaveDicomSegd",
    "SaveImage",
    "SaveImaged",
    "SelectOrgans",
    "SelectOrgansd",
    "Slab",
    "WindowIntensity",
    "WindowIntensityD",
    "WindowIntensityDict",
    "WindowIntensityd",
    "logits_to_label_map",
]
__all__ += synthesis.__all__
