# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Padding of windows to sizes that a network's pooling halves without a remainder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

__all__ = ["PadWindows", "pad_windows"]


def pad_windows(windows: torch.Tensor, multiple: int) -> torch.Tensor:
    """
    Pad windows with zeros, the lower end of a CT's window, at the end of both axes.

    Pooling rounds an odd size down, and a network that has learned on even sizes finds less.

    Args:
        windows: shape ``(N, C, h, w)``.
        multiple: both sizes become multiples of it.

    Returns:
        the windows, or padded ones.
    """
    rows, columns = (-size % multiple for size in windows.shape[2:])
    return F.pad(windows, [0, columns, 0, rows]) if rows or columns else windows


class PadWindows:
    """
    A network whose windows are padded, and whose outputs are cropped to the windows' own size.

    Args:
        predict: takes windows ``(N, C, h, w)`` and returns ``(N, K, h, w)``.
        multiple: both sizes become multiples of it.
    """

    def __init__(self, predict: Callable[..., torch.Tensor], multiple: int) -> None:
        self.predict = predict
        self.multiple = multiple

    def __call__(self, windows: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """
        Args:
            windows: shape ``(N, C, h, w)``.
        """
        output = self.predict(pad_windows(windows, self.multiple), *args, **kwargs)
        if not isinstance(output, torch.Tensor):
            return output  # an inferer refuses it with the reason
        return output[..., : windows.shape[2], : windows.shape[3]]
