# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole experiments that run the bundle's configs: comparing systems, self-training, the demo."""

from __future__ import annotations
