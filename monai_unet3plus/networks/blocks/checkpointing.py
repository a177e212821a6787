# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Gradient checkpointing that leaves the statistics of batch norm right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch.nn as nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

__all__ = ["checkpointed"]


def checkpointed(module: nn.Module, function: Callable[..., Any], *args: Any) -> Any:
    """
    Call a function without keeping its activations: the backward pass computes them again.

    Unlike ``torch.utils.checkpoint`` alone, the second time leaves running statistics of batch norm as they are, so
    that training is the same with and without.

    Args:
        module: the module whose norms the function uses.
        function: the function to call.
        args: its arguments.
    """
    return checkpoint(
        function, *args, use_reentrant=False, context_fn=lambda: (nullcontext(), _statistics_kept(module))
    )


@contextmanager
def _statistics_kept(module: nn.Module) -> Iterator[None]:
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
            if norm.num_batches_tracked is not None:
                norm.num_batches_tracked.sub_(1)
