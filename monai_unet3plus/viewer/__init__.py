# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A page on the loopback interface to scroll through CTs with their masks, drawn by NiiVue."""

from __future__ import annotations

from .cases import ViewerCase, ViewerRun, open_run
from .server import ViewerServer

__all__ = ["ViewerCase", "ViewerRun", "ViewerServer", "open_run"]
