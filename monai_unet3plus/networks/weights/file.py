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
"""Files of weights, from wherever they may come."""

from __future__ import annotations

from typing import Any

import torch
from monai.config import PathLike

from ...utils.errors import InputError

__all__ = ["load_weights"]


def load_weights(path: PathLike, argument: str, map_location: str | torch.device = "cpu") -> dict[str, Any]:
    """
    Load a file of weights, and nothing that could execute code.

    Args:
        path: the file.
        argument: name of the argument that the file was given by, for the error.
        map_location: device to load to.

    Raises:
        InputError: When the file is damaged, or holds more than tensors and plain values.
    """
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as e:  # whatever a wrong or damaged file leads torch into
        raise InputError(f"{argument}: {path} is damaged or holds more than weights, not loaded.") from e
