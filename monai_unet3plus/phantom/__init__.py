# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthetic abdominal CT for machines without data.

A phantom is made of random geometric shapes. It exists to test pipelines; it resembles no patient, and results on it
say nothing about patients.
"""

from __future__ import annotations

from .dataset import write_phantoms
from .scan import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom", "write_phantoms"]
