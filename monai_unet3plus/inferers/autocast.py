# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference under autocast on any device."""

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
        inferer: runs the network. Defaults to ``SimpleInferer()``.
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
        Returns:
            the result of ``inferer``; its tensors may be of ``dtype``.
        """
        with torch.autocast(self.device_type, dtype=self.dtype, enabled=self.enabled):
            return self.inferer(inputs, network, *args, **kwargs)
