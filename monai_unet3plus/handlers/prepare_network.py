# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A faster copy of the network for an evaluator."""

from __future__ import annotations

import torch
import torch.nn as nn
from ignite.engine import Engine, Events

from ..networks import prepare_for_inference

__all__ = ["PrepareNetwork"]


class PrepareNetwork:
    """
    Lets an evaluator run a faster copy of the network, see :py:func:`monai_unet3plus.networks.prepare_for_inference`.

    The copy is made anew whenever a run starts, since the weights may be others then. A handler that loads them when
    the run starts has to be attached before this one. After the run the evaluator has the network itself again, into
    which federated learning loads the next weights.

    Args:
        network: the evaluator's network.
        dtype: number type of the copy. Defaults to None, the network's own.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype | None = None) -> None:
        self.network = network
        self.dtype = dtype

    def attach(self, engine: Engine) -> None:
        """
        Args:
            engine: a MONAI evaluator.
        """
        engine.add_event_handler(Events.STARTED, self)
        engine.add_event_handler(Events.COMPLETED, self.restore)

    def __call__(self, engine: Engine) -> None:
        """
        Args:
            engine: a MONAI evaluator.
        """
        engine.network = prepare_for_inference(self.network, self.dtype)  # type: ignore[attr-defined]

    def restore(self, engine: Engine) -> None:
        """
        Args:
            engine: a MONAI evaluator.
        """
        engine.network = self.network  # type: ignore[attr-defined]
