# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Logging of an engine's numbers and errors."""

from __future__ import annotations

from ignite.engine import Engine
from monai.handlers import StatsHandler as MonaiStatsHandler

from ..utils.errors import InputError, root_cause

__all__ = ["StatsHandler"]


class StatsHandler(MonaiStatsHandler):
    """
    MONAI's logger of an engine's numbers, without a stack trace where the user's input is wrong.

    A command logs the sentence that says so at its end, see :py:mod:`monai_unet3plus.utils.command`.
    Arguments are those of :py:class:`monai.handlers.StatsHandler`.
    """

    def exception_raised(self, _engine: Engine, e: Exception) -> None:
        """Log an exception and let it go on."""
        if isinstance(root_cause(e), InputError):
            raise e
        super().exception_raised(_engine, e)
