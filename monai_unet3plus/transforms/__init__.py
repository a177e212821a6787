# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
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
