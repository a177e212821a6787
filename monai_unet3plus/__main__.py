# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m monai_unet3plus COMMAND``, also installed as ``unet3plus COMMAND``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
