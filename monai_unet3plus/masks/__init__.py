# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The masks that a run writes: their names, the writer, and the records that tell which are up to date."""

from __future__ import annotations
