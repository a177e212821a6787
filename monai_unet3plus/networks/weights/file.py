# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Safe loading of weights files."""

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
    except Exception as e:  # torch raises all kinds for damaged files
        raise InputError(f"{argument}: {path} is damaged or holds more than weights, not loaded.") from e
