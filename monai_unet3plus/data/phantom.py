# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the command ``python -m monai_unet3plus.data.phantom`` of :py:mod:`monai_unet3plus.phantom`."""

from __future__ import annotations

from ..phantom.__main__ import main

if __name__ == "__main__":
    main()
