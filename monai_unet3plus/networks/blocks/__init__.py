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

from .conv import Conv3x3, OutputConv3x3, conv3x3, double_conv
from .full_scale import FullScaleBranch, FullScaleNode
from .presence import ABSENT_LOGIT, PresenceHead, gate_logits, is_present
from .upsampled_conv import resize_to, upsampled_conv
from .upward import UpwardNode
from .winograd import arrange_for_winograd, winograd_conv, winograd_pays

__all__ = [
    "ABSENT_LOGIT",
    "Conv3x3",
    "FullScaleBranch",
    "FullScaleNode",
    "OutputConv3x3",
    "PresenceHead",
    "UpwardNode",
    "arrange_for_winograd",
    "conv3x3",
    "double_conv",
    "gate_logits",
    "is_present",
    "resize_to",
    "upsampled_conv",
    "winograd_conv",
    "winograd_pays",
]
