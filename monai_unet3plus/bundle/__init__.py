# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle's files, in the package, and ``python -m monai_unet3plus.bundle`` to write them out."""

from __future__ import annotations

from .folder import bundle_files, copy_bundle
from .variant import copy_variant

__all__ = ["bundle_files", "copy_bundle", "copy_variant"]
