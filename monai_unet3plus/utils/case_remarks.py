# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Warnings about a case that dictionary transforms put into its item, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from logging import Logger
from typing import Any

__all__ = ["REMARKS", "add_remark"]

REMARKS = "remarks"


def add_remark(item: Mapping[Any, Any], logger: Logger, remark: str) -> None:
    """Log a warning about a case, and add it to the list ``item["remarks"]``, if the item has one."""
    logger.warning("%s", remark)
    if REMARKS in item:
        item[REMARKS].append(remark)
