# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Compilation of a network for inference by ``torch.compile``, with CUDA graphs on a GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from monai.utils import convert_to_tensor

from ..utils.errors import describe_error

__all__ = ["CompiledFunction", "compile_for_inference"]

logger = logging.getLogger(__name__)

_Maps = torch.Tensor | list[torch.Tensor]


def compile_for_inference(network: nn.Module, compile_kwargs: Mapping[str, Any] | None = None) -> None:
    """
    Compile a network in place: ``encode`` and ``decode`` of one that has them, since inferers ask for them one by one,
    else ``forward``. Its ``compile_failures`` is a list, to which a sentence is added if that turns out to be
    impossible.

    Args:
        network: in evaluation mode.
        compile_kwargs: see :py:class:`CompiledFunction`.
    """
    failures: list[str] = []
    for name in ("encode", "decode") if hasattr(network, "encode") else ("forward",):
        setattr(network, name, CompiledFunction(getattr(network, name), compile_kwargs, failures))
    network.compile_failures = failures  # type: ignore[assignment]


class CompiledFunction:
    """
    A network's function, compiled anew for each size of window: without dynamic sizes, which CUDA graphs do not have.

    Batches are filled up with zeros, to the next power of two and to the largest so far, so that the last windows of a
    CT, or the few of a batch that hold an organ, need no compilation of their own. Results are copies, since the next
    call overwrites those of a CUDA graph. Nothing that the eager network keeps for a size is used, so that a graph
    holds no memory but its own. Where compilation fails, as without a compiler of C++, a warning says why, and the
    function runs as it is from then on.

    Args:
        function: takes a tensor, or a list of tensors, whose first axis is the batch's, and returns either; its items
            must not depend on each other.
        compile_kwargs: arguments of ``torch.compile``, in addition to ``fullgraph=True``, ``dynamic=False`` and, with
            PyTorch's own backend, ``mode="reduce-overhead"``, which records CUDA graphs. Defaults to None.
        failures: gets the reason if compilation fails; with an entry, nothing is compiled any more. Functions of one
            network share it. Defaults to None, a list of its own.
    """

    def __init__(
        self,
        function: Callable[[Any], _Maps],
        compile_kwargs: Mapping[str, Any] | None = None,
        failures: list[str] | None = None,
    ) -> None:
        options = {"fullgraph": True, "dynamic": False, **(compile_kwargs or {})}
        if not {"backend", "options"} & options.keys():
            options.setdefault("mode", "reduce-overhead")
        self.function = function
        self.options = options
        self.failures = [] if failures is None else failures
        self._compiled: Callable[[Any], _Maps] | None = None
        self._largest: dict[torch.Size, int] = {}  # batch, by the size of an item

    def __call__(self, inputs: _Maps) -> _Maps:
        """
        Args:
            inputs: of shape ``(B, ...)``, one or several.
        """
        if self.failures:
            return self.function(inputs)
        tensors = [convert_to_tensor(x, track_meta=False) for x in (inputs if isinstance(inputs, list) else [inputs])]
        count, item = len(tensors[0]), tensors[0].shape[1:]
        batch = max(1 << (count - 1).bit_length(), self._largest.get(item, 1))
        filled = [_fill_up(x, batch) for x in tensors]
        try:
            if self._compiled is None:
                self._compiled = torch.compile(self.function, **self.options)
            outputs = self._compiled(filled if isinstance(inputs, list) else filled[0])
        except torch.cuda.OutOfMemoryError:
            raise  # fewer windows may fit
        except Exception as error:  # of the compiler, whatever it is; one of the function comes again below
            result = self.function(inputs)
            self.failures.append(f"the network is not compiled, which is slower: {describe_error(error)}")
            logger.warning("%s", self.failures[-1])
            return result
        self._largest[item] = batch
        return [x[:count].clone() for x in outputs] if isinstance(outputs, list) else outputs[:count].clone()


def _fill_up(x: torch.Tensor, batch: int) -> torch.Tensor:
    """A batch with items of zeros after its own, in the one memory layout that is compiled for."""
    if len(x) < batch:
        x = F.pad(x, [0] * (2 * x.dim() - 1) + [batch - len(x)])
    return x.contiguous(memory_format=torch.channels_last if x.dim() == 4 else torch.contiguous_format)
