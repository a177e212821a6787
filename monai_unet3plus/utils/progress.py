# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress as a bar on a terminal, and as a line a minute in a log."""

from __future__ import annotations

import logging
import sys
from time import monotonic
from typing import Any

from tqdm import tqdm

__all__ = ["Progress"]

logger = logging.getLogger(__name__)

_INTERVAL = 60.0  # seconds
# as tqdm's own, except that a rate below one stays a rate
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}{postfix}]"


class Progress:
    """
    Shows how many of a number of things are done: tqdm's bar if the standard error is a terminal; else a log message of
    level INFO after each minute, so a shorter task logs none.

    Args:
        total: number of things.
        unit: their name, in the plural. Defaults to "it".
        desc: text before the numbers. Defaults to "", none.
        disable: whether to show nothing. Defaults to False.
    """

    def __init__(self, total: int, unit: str = "it", desc: str = "", disable: bool = False) -> None:
        self.total, self.unit, self.desc = total, unit, desc
        self.done = 0
        self.disable = disable
        self._bar: tqdm | None = None
        if not disable and sys.stderr.isatty():
            self._bar = tqdm(total=total, unit=f" {unit}", desc=desc or None, bar_format=_BAR, leave=False)
        self._started = self._shown = monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def update(self, count: int = 1, **figures: float) -> None:
        """
        Count finished steps.

        Args:
            count: how many more. Defaults to 1.
            figures: numbers to show behind, by name.
        """
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
            if figures:
                self._bar.set_postfix(figures)
            return
        now = monotonic()
        if self.disable or now - self._shown < _INTERVAL:
            return
        self._shown, elapsed = now, now - self._started
        left = tqdm.format_interval(elapsed / self.done * (self.total - self.done)) if self.done else "?"
        shown = "".join(f", {name} {value:.4g}" for name, value in figures.items())
        text = f"{self.done} of {self.total} {self.unit}, {tqdm.format_interval(elapsed)} passed, {left} left"
        logger.info("%s%s%s", f"{self.desc}: " if self.desc else "", text, shown)

    def close(self) -> None:
        """Remove the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
