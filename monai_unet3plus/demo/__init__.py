# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the command ``python -m monai_unet3plus.demo`` of :py:mod:`monai_unet3plus.experiments.demo`."""

from __future__ import annotations
