# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Average the weights of a training over its last steps."""

from __future__ import annotations

import torch.nn as nn
from ignite.engine import Engine, Events
from ignite.handlers import EMAHandler

__all__ = ["WeightAverage"]


class WeightAverage(EMAHandler):
    """
    Ignite's exponential moving average of weights, which starts from the weights that a training starts from.

    Ignite's own starts from the network as it was built, before a checkpoint to fine-tune from is loaded. Attach it
    after the handlers that load weights or a state to go on from. ``ema_model`` has the average; save that one.

    Args:
        network: the network to be trained.
        momentum: share of the newest weights in the average, after each step; 0.002 averages over the last 500 steps
            or so. Defaults to 0.002.
    """

    def __init__(self, network: nn.Module, momentum: float = 0.002) -> None:
        super().__init__(network, momentum=momentum, handle_buffers="update")

    def attach(self, engine: Engine) -> None:  # type: ignore[override]
        """Attach to a MONAI trainer."""
        engine.add_event_handler(Events.STARTED, self._start)
        super().attach(engine)

    def _start(self, engine: Engine) -> None:
        if engine.state.iteration == 0:  # else the training goes on, with the average of its own state
            self.ema_model.load_state_dict(self.model.state_dict())
