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

import torch

# What fills the mask of an organ that nobody outlined in this case.
IGNORED = 255


def is_annotated(target: torch.Tensor) -> torch.Tensor:
    """
    Which organs of which images have a mask to learn from.

    One voxel of IGNORED is enough to leave the organ out: rotating and padding an image put zeros at the border of a
    mask that is otherwise all IGNORED.

    Args:
        target: masks of shape ``(B, K, H, W[, D])``, values 0, 1 and ``IGNORED``.

    Returns:
        booleans of shape ``(B, K)``.
    """
    return ~(target == IGNORED).flatten(2).any(dim=2)


def mean_of_annotated(values: torch.Tensor, annotated: torch.Tensor) -> torch.Tensor:
    """
    The mean over those organs and images that are annotated; 0 where none is.

    Args:
        values: finite values of shape ``(B, K)``.
        annotated: booleans of shape ``(B, K)``.

    Returns:
        a scalar.
    """
    return (values * annotated).sum() / annotated.sum().clamp(min=1)
