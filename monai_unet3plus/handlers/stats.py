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

from ignite.engine import Engine
from monai.handlers import StatsHandler as MonaiStatsHandler

from ..utils.errors import InputError, explanation_of

__all__ = ["StatsHandler"]


class StatsHandler(MonaiStatsHandler):
    """
    MONAI's logger of an engine's numbers, without a stack trace where the user's input is wrong.

    The sentence that says so is logged by :py:func:`monai_unet3plus.bundle.run.exit_on_error`, and is to be the last.
    Arguments are those of :py:class:`monai.handlers.StatsHandler`.
    """

    def exception_raised(self, _engine: Engine, e: Exception) -> None:
        """
        Log an exception and let it go on.

        Args:
            _engine: not used.
            e: the exception.
        """
        if isinstance(explanation_of(e), InputError):
            raise e
        super().exception_raised(_engine, e)
