# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Windows that hold only air, which the network need not compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["SkipAir", "find_body", "is_body"]

_MARGIN = 8  # pixels of air around a body, from which masks of real CTs stay the same


def is_body(windows: torch.Tensor, threshold: float | None) -> torch.Tensor:
    """
    Which windows ``(N, C, h, w)`` have a value above the threshold, or one that is NaN, which would not be noticed in
    air: booleans ``(N,)``; all without a threshold.
    """
    if threshold is None:
        return torch.ones(len(windows), dtype=torch.bool, device=windows.device)
    return ~(windows.flatten(1).amax(dim=1) <= threshold)


def find_body(windows: torch.Tensor, threshold: float, multiple: int) -> tuple[slice, slice]:
    """
    Find the box around the body, with a margin of air.

    Args:
        windows: shape ``(N, C, h, w)``, with a body in at least one of them.
        threshold: values above it are body, and NaN.
        multiple: the box begins and ends at multiples of it.

    Returns:
        rows and columns of the box, the same for all windows.
    """
    body = ~(windows.amax(dim=(0, 1)) <= threshold)
    box = []
    for axis, length in enumerate(body.shape):
        pixels = body.any(dim=1 - axis).nonzero().flatten().tolist()
        first = max(pixels[0] - _MARGIN, 0) // multiple * multiple
        box.append(slice(first, min(-(-(pixels[-1] + 1 + _MARGIN) // multiple) * multiple, length)))
    return box[0], box[1]


class SkipAir:
    """
    A network that is asked about windows with a body in them only.

    Args:
        predict: takes windows ``(N, C, h, w)`` and returns ``(N, ...)``, of the same size for all windows.
        threshold: windows in which no value exceeds it are air.
        value: fills the result of windows of air.
    """

    def __init__(self, predict: Callable[..., torch.Tensor], threshold: float, value: float) -> None:
        self.predict = predict
        self.threshold = threshold
        self.value = value
        self._like: torch.Tensor | None = None  # an empty result, to know its size and type

    def __call__(self, windows: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """
        Args:
            windows: shape ``(N, C, h, w)``.
        """
        body = is_body(windows, self.threshold)
        if bool(body.all()):
            result = self.predict(windows, *args, **kwargs)
            self._like = result[:0] if isinstance(result, torch.Tensor) else None
            return result
        if self._like is None:
            self._like = self.predict(windows[:1], *args, **kwargs)[:0]
        result = self._like.new_full((len(windows), *self._like.shape[1:]), self.value)
        if bool(body.any()):
            result[body] = self.predict(windows[body], *args, **kwargs)
        return result
