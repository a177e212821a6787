# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A faster copy of the network for an evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn as nn
from ignite.engine import Engine, Events
from monai.engines.utils import IterationEvents

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
        compile: whether to compile the copy. A case whose windows can't be compiled gets a remark in the report of a
            :py:class:`monai_unet3plus.engines.CaseEvaluator`. Defaults to False.
        compile_kwargs: arguments of ``torch.compile``. Defaults to None.
    """

    def __init__(
        self,
        network: nn.Module,
        dtype: torch.dtype | None = None,
        compile: bool = False,
        compile_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.network = network
        self.dtype = dtype
        self.compile = compile
        self.compile_kwargs = compile_kwargs
        self._told = 0

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI evaluator."""
        engine.add_event_handler(Events.STARTED, self)
        engine.add_event_handler(IterationEvents.MODEL_COMPLETED, self.tell_failures)
        engine.add_event_handler(Events.COMPLETED, self.restore)

    def __call__(self, engine: Engine) -> None:
        self._told = 0
        engine.network = prepare_for_inference(  # type: ignore[attr-defined]
            self.network, self.dtype, self.compile, self.compile_kwargs
        )

    def tell_failures(self, engine: Any) -> None:
        """Add to the remarks of the current case why the network could not be compiled, once in a run."""
        failures = getattr(engine.network, "compile_failures", [])
        if hasattr(engine, "current"):
            engine.current.remarks += failures[self._told :]
        self._told = len(failures)

    def restore(self, engine: Engine) -> None:
        """Give the evaluator the network itself again."""
        engine.network = self.network  # type: ignore[attr-defined]
