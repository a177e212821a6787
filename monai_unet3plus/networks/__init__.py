# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks, their weights, and their preparation for inference."""

from __future__ import annotations

from .one_graph import OneGraph
from .prepare import has_native_bfloat16, prepare_for_inference
from .weights.imagenet import load_imagenet_weights
from .weights.published import load_published_weights

__all__ = [
    "OneGraph",
    "has_native_bfloat16",
    "load_imagenet_weights",
    "load_published_weights",
    "prepare_for_inference",
]
