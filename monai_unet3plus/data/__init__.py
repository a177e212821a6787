# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Cases, splits, label names and cached volumes. Nothing is imported here; import the submodules."""

from __future__ import annotations
