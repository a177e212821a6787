# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of objects as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
import torch

__all__ = ["settings_to_json"]

_WITHOUT_EFFECT = ("progress", "slice_batch_size", "sw_batch_size", "cache_roi_weight_map", "roi_weight_map")


def settings_to_json(value: Any) -> Any:
    """
    Convert settings to values that JSON can hold; equal settings always give equal values.

    Objects become their class and attributes, functions their name. Arguments without effect on results,
    such as batch sizes and progress bars, are left out.

    Args:
        value: numbers, strings, lists, mappings, and objects such as transforms and inferers.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return str(value) if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return {str(key): settings_to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [settings_to_json(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        return value.tolist()
    kind = value if hasattr(value, "__qualname__") else type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    attributes = {} if kind is value else getattr(value, "__dict__", {})
    settings = {key: settings_to_json(item) for key, item in sorted(attributes.items()) if key not in _WITHOUT_EFFECT}
    return {"class": name, **settings} if settings else name
