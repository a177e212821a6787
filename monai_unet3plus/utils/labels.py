# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The value of masks that are not annotated."""

from __future__ import annotations

__all__ = ["IGNORED"]

IGNORED = 255  # fills the mask of an organ that a case does not annotate
