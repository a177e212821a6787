# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs :py:mod:`monai_unet3plus.experiments.demo`."""

from __future__ import annotations

from ..experiments.demo import main

if __name__ == "__main__":
    main()
