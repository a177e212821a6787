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

from .authors_unet import AuthorsUNet
from .authors_unetplusplus import AuthorsUNetPlusPlus
from .deeplabv2 import DeepLabV2
from .unet3plus import UNet3Plus

__all__ = ["DeepLabV2", "AuthorsUNet", "AuthorsUNetPlusPlus", "UNet3Plus"]
