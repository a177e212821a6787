# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the command ``python -m monai_unet3plus.recipe`` of :py:mod:`monai_unet3plus.experiments.self_training`."""

from __future__ import annotations
