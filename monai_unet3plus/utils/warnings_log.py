# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collected_warnings"]


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """
    Collect what this package warns of, in this thread and while the block lasts, besides logging it.

    What the log says about a case is then in its report too, and a transform need not know of reports.
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
