# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights from files: this package's checkpoints, the published network's, and those trained on ImageNet."""

from __future__ import annotations
