# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading image files safely: checks before reading, a process that may crash, the CT series of a DICOM folder."""

from __future__ import annotations
