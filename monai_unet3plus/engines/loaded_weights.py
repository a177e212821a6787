# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Refuses to run an evaluator whose network has the random weights that it was built with."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn as nn
from ignite.engine import Engine, Events

from ..utils.errors import InputError

__all__ = ["RequireLoadedWeights"]


class RequireLoadedWeights:
    """
    Ends a run before its first case when nobody loaded weights into the network.

    Weights count as loaded when ``load_state_dict`` was called since this object exists, by whoever, or when a
    normalization layer shows that they were trained: before training the scale of each is 1, its shift 0 and its
    running mean 0. A network without normalization layers can't be judged and passes. To be attached after the handler
    that loads the weights.

    Args:
        network: the evaluator's network.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self._loading = _Loading()
        for module in network.modules():
            if next(module.parameters(recurse=False), None) is not None:  # also called when a module above is loaded
                module.register_load_state_dict_post_hook(self._loading)
                break

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI evaluator."""
        engine.add_event_handler(Events.STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """
        Raises:
            InputError: When nobody loaded weights.
        """
        if not self._loading.happened and _is_untrained(self.network):
            raise InputError(
                "checkpoint: expected trained weights in the network, but nobody loaded any, so it would paint at "
                "random. Give a file with --checkpoint, or load weights into the network before the evaluator runs."
            )


class _Loading:
    """A hook that remembers whether it was called; an object of its own, so that networks can be copied and pickled."""

    happened = False

    def __call__(self, module: nn.Module, incompatible_keys: Any) -> None:
        self.happened = True


def _is_untrained(network: nn.Module) -> bool:
    """Whether there are normalization layers, and all have their initial values."""
    state = network.state_dict()
    layers = [
        name.removesuffix("weight") for name, value in state.items() if name.endswith("weight") and value.ndim == 1
    ]
    norms = [layer for layer in layers if f"{layer}bias" in state]
    expected = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0}
    return bool(norms) and all(
        bool(torch.all(state[layer + name] == value))
        for layer in norms
        for name, value in expected.items()
        if layer + name in state
    )
