# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress within each epoch."""

from __future__ import annotations

import torch
from ignite.engine import Engine, Events
from monai.handlers import from_engine
from monai.utils import CommonKeys

from ..utils.progress import Progress

__all__ = ["ProgressHandler"]


class ProgressHandler:
    """
    Shows the progress of each epoch with the loss and the remaining time, see
    :py:class:`monai_unet3plus.utils.progress.Progress`.

    Args:
        desc: text before the numbers. Defaults to "epoch".
    """

    def __init__(self, desc: str = "epoch") -> None:
        self.desc = desc
        self._progress: Progress | None = None

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer; of several processes, only the first one's is shown."""
        if engine.state.rank == 0:  # type: ignore[attr-defined]
            engine.add_event_handler(Events.EPOCH_STARTED, self._start)
            engine.add_event_handler(Events.ITERATION_COMPLETED, self._update)
            engine.add_event_handler(Events.EPOCH_COMPLETED, self._end)

    def _start(self, engine: Engine) -> None:
        desc = f"{self.desc} [{engine.state.epoch}/{engine.state.max_epochs}]"
        self._progress = Progress(engine.state.epoch_length or 0, "batches", desc)

    def _update(self, engine: Engine) -> None:
        if self._progress is not None:
            self._progress.update(loss=_mean_loss(engine.state.output))

    def _end(self, engine: Engine) -> None:
        if self._progress is not None:
            self._progress.close()


def _mean_loss(output: object) -> float:
    losses = from_engine(CommonKeys.LOSS)(output)
    return sum(float(torch.as_tensor(loss).detach()) for loss in losses) / len(losses)
