# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors, files, settings, orientation and warnings: what every other folder may use. Needs no PyTorch."""

from __future__ import annotations
