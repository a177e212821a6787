# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Keys of a case that say how far its files can be relied on."""

from __future__ import annotations

__all__ = ["INTENSITY_RANGE", "LABEL_VALUES", "SPACING_KNOWN"]

LABEL_VALUES = "label_values"  # maps the case's organs to label values of its own
INTENSITY_RANGE = "intensity_range"  # the lowest and the highest HU that the image keeps; a picture of 8 bit keeps few
SPACING_KNOWN = "spacing_known"  # False where the spacing in the file is a guess
