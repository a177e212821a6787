# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The end of a training that no longer improves."""

from __future__ import annotations

import logging

from ignite.engine import Engine, Events
from monai.engines import Evaluator, Trainer

__all__ = ["EarlyStop"]

logger = logging.getLogger(__name__)


class EarlyStop:
    """
    Ends training when the validator's key metric has not improved for a number of epochs.

    It counts from ``validator.state.best_metric_epoch``, so that it needs no state of its own to be resumed, and all
    processes of a distributed training stop together, since the metric is the same in each.

    Args:
        validator: the evaluator that training runs now and then.
        patience: number of epochs without a better metric, 0 for no early stop. Training stops after a validation.
    """

    def __init__(self, validator: Evaluator, patience: int) -> None:
        self.validator = validator
        self.patience = patience

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer, after the handler that runs the validator."""
        if self.patience > 0:
            engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Trainer) -> None:
        if self.validator.state.epoch != engine.state.epoch:
            return  # nothing was validated, so nothing can have improved
        best = self.validator.state.best_metric_epoch
        if best > 0 and engine.state.epoch - best >= self.patience:
            logger.info("training stops: no better validation since epoch %d, %d epochs ago", best, self.patience)
            engine.terminate()
