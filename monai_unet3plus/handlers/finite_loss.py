# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The end of a training whose loss is not finite."""

from __future__ import annotations

import logging
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.engines import IterationEvents
from monai.utils import CommonKeys

from ..utils.errors import InputError

__all__ = ["FiniteLoss"]

logger = logging.getLogger(__name__)


class FiniteLoss:
    """
    Ends a training whose loss is no longer a number, before it spoils the weights.

    With mixed precision, steps whose gradients are not finite are skipped by the scaler, now and then by design; they
    are counted, and ``max_skipped`` in a row end the training too.

    Args:
        max_skipped: number of steps in a row. Defaults to 20.
    """

    def __init__(self, max_skipped: int = 20) -> None:
        self.max_skipped = max_skipped
        self._scale = 0.0
        self._in_a_row = 0
        self._in_epoch = 0

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI SupervisedTrainer."""
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._count_skipped)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._log_skipped)

    def __call__(self, engine: Any) -> None:
        """
        Raises:
            InputError: When the loss is not finite; the message has the step, the parts of the loss, if the loss
                function has a dictionary ``parts``, and the cases. When the loss function has ``check_target`` and that
                finds wrong values, the message has these.
        """
        loss = torch.as_tensor(engine.state.output[CommonKeys.LOSS])
        if bool(torch.isfinite(loss).all()):
            return
        check_target = getattr(engine.loss_function, "check_target", None)
        if check_target is not None:
            check_target(engine.state.batch[CommonKeys.LABEL])
        parts = getattr(engine.loss_function, "parts", {})
        values = ", ".join(f"{name} {float(value):g}" for name, value in parts.items()) or f"{loss.tolist()}"
        raise InputError(
            f"loss: expected a finite one, but found {values} in step {engine.state.iteration}, epoch "
            f"{engine.state.epoch}, with {_name_cases(engine.state.batch)}. Weights saved before are left as they are; "
            "a smaller learning_rate may help."
        )

    def _count_skipped(self, engine: Any) -> None:
        scaler = getattr(engine, "scaler", None)
        if scaler is None:
            return
        scale = scaler.get_scale()
        skipped, self._scale = scale < self._scale, scale
        self._in_epoch += skipped
        self._in_a_row = self._in_a_row + 1 if skipped else 0
        if self._in_a_row >= self.max_skipped:
            raise InputError(
                f"amp: expected finite gradients, but those of {self._in_a_row} steps in a row were not, the last in "
                f"step {engine.state.iteration}, epoch {engine.state.epoch}. Try --amp False."
            )

    def _log_skipped(self, engine: Any) -> None:
        if self._in_epoch:
            logger.info("epoch %d: %d steps skipped, gradients not finite", engine.state.epoch, self._in_epoch)
        self._in_epoch = 0


def _name_cases(batch: Any) -> str:
    meta = getattr(batch.get(CommonKeys.IMAGE) if isinstance(batch, dict) else None, "meta", {})
    files = meta.get("filename_or_obj", "cases without names")
    return files if isinstance(files, str) else ", ".join(dict.fromkeys(map(str, files)))
