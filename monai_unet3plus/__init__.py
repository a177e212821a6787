# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""UNet 3+ for MONAI: networks, losses, transforms, inferers, and the parts its bundle is built from."""

from __future__ import annotations

__version__ = "0.1.0"
