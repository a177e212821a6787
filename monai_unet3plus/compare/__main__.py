# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs :py:mod:`monai_unet3plus.experiments.compare`."""

from __future__ import annotations

from ..experiments.compare.__main__ import main

if __name__ == "__main__":
    main()
