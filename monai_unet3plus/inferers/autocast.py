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

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer, SimpleInferer

__all__ = ["AutocastInferer"]


class AutocastInferer(Inferer):
    """
    Run a network under autocast, on a CPU too: MONAI's engines know autocast for CUDA only (``amp``).

    Args:
        inferer: what runs the network. Defaults to ``SimpleInferer()``.
        device_type: as of ``torch.autocast``. Defaults to "cpu".
        dtype: of the autocast. Defaults to bfloat16, which processors have instructions for or emulate slowly.
        enabled: whether to change anything. Defaults to True.
    """

    def __init__(
        self,
        inferer: Callable[..., Any] | None = None,
        device_type: str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
        enabled: bool = True,
    ) -> None:
        super().__init__()
        self.inferer = SimpleInferer() if inferer is None else inferer
        self.device_type = device_type
        self.dtype = dtype
        self.enabled = enabled

    def __call__(self, inputs: torch.Tensor, network: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """
        Args:
            inputs: what ``inferer`` takes.
            network: what ``inferer`` runs.
            args: further arguments.
            kwargs: further keyword arguments.

        Returns:
            what ``inferer`` returns; tensors may be of ``dtype``.
        """
        with torch.autocast(self.device_type, dtype=self.dtype, enabled=self.enabled):
            return self.inferer(inputs, network, *args, **kwargs)
