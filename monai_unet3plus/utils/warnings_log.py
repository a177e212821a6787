# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Collection of this package's logged warnings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_warnings"]


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """
    Collect this package's warnings, in this thread and while the block lasts; they are logged too.

    So the warnings about a case are in its report too, and a transform need not know of reports.
    """
    collector = _Collector()
    package = logging.getLogger(__name__.partition(".")[0])
    package.addHandler(collector)
    try:
        yield collector.messages
    finally:
        package.removeHandler(collector)


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING and record.thread == self.thread:
            self.messages.append(record.getMessage())
