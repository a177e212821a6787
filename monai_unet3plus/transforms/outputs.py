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

from collections.abc import Hashable, Mapping
from typing import Any

from monai.transforms import MapTransform

__all__ = ["FinestOutputd"]


class FinestOutputd(MapTransform):
    """
    Pick the finest segmentation logits of what the network returns in training.

    That is a tensor, a list of side outputs, finest first, or a tuple of either and presence logits.

    Args:
        keys: keys of the network's outputs.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        for key in self.key_iterator(d):
            while isinstance(d[key], (list, tuple)):
                d[key] = d[key][0]
        return d
