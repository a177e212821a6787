# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Helpers for all other folders: errors, files, settings, orientation, warnings."""

from __future__ import annotations
