# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line: segment, train, evaluate, compare, copy, view. PyTorch and MONAI load when a command runs."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
