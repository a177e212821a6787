# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference that classifies presence per slice first, and decodes only slices that hold an organ."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from monai.inferers import SlidingWindowInferer

from ..networks import OneGraph
from ..networks.blocks import ABSENT_LOGIT, gate_logits
from .air import find_body, is_body
from .autocast import AutocastInferer
from .padding import pad_windows

__all__ = ["PresenceFirst"]

_AIR_MARGIN = 2 * ABSENT_LOGIT  # as if the classifier was sure that there is nothing


class _Call(NamedTuple):
    """The results for a batch of windows, kept from the first pass for the second."""

    owners: torch.Tensor  # the slice that each window is from, (N,)
    encoded: torch.Tensor  # which windows are no air, booleans (N,)
    maps: list[torch.Tensor]  # of the encoder, for these windows; of a OneGraph the logits
    margins: torch.Tensor  # (N, K)


class PresenceFirst:
    """
    Asks a network with a classification-guided module which slices hold an organ, and decodes these only.

    The verdict is made once per slice and organ, as the maximum over the windows of the inner inferer: windows judged
    one by one would erase an organ across their border. Each window is encoded once; the encoder's maps of a batch of
    slices are kept until its verdict is known.

    Args:
        inferer: 2D inferer: MONAI's ``SlidingWindowInferer``, which tells the slice of each window, or one that calls
            the network once with all slices, as ``SimpleInferer``. It is called twice and has to make the same windows
            in the same order.
        network: in evaluation mode, with ``out_channels``, ``encode``, ``presence_head`` and ``decode`` as
            :py:class:`monai_unet3plus.networks.nets.UNet3Plus` has them, or a
            :py:class:`monai_unet3plus.networks.OneGraph`.
        air_threshold: windows in which no value exceeds it are air and hold no organ. None looks everywhere.
        gate: whether organs that are judged absent get absent logits. Defaults to True; False decodes every slice.
        crop_to_body: whether only the box around pixels above ``air_threshold`` is decoded, of a network that tells its
            ``reduction``; organs outside are absent. Defaults to False.
    """

    def __init__(
        self,
        inferer: Callable[..., Any],
        network: Any,
        air_threshold: float | None,
        gate: bool = True,
        crop_to_body: bool = False,
    ) -> None:
        self.inferer, self.tells_slices = _with_coordinates(inferer)
        self.network = network
        self.air_threshold = air_threshold
        self.gate = gate
        self.multiple = getattr(network, "reduction", 1)
        self.body_threshold = air_threshold if crop_to_body and hasattr(network, "reduction") else None

    def __call__(self, slabs: torch.Tensor, *args: Any, **kwargs: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """
        Args:
            slabs: slices with their neighbours as channels, ``(N, C, H, W)``.

        Returns:
            gated logits, ``(N, K, H, W)``, and present minus absent presence logits, ``(N, K)``.

        Raises:
            RuntimeError: When the inferer makes other windows the second time, or windows of slices without telling
                which slice each is from.
        """
        calls: deque[_Call] = deque()

        def judge(windows: torch.Tensor, *coordinates: Any, **_: Any) -> torch.Tensor:
            if not self.tells_slices and (calls or len(windows) != len(slabs)):
                raise RuntimeError(
                    f"Expected a SlidingWindowInferer, or one call with all {len(slabs)} slices, but got a call with "
                    f"{len(windows)} windows."
                )
            owners = [window[0].start for window in coordinates[0]] if self.tells_slices else range(len(slabs))
            calls.append(self._encode(windows, owners))
            return torch.zeros_like(windows[:, :1])  # no view: MONAI multiplies it by weights, in place

        self.inferer(slabs, judge, *args, **kwargs)
        margins = torch.cat([call.margins for call in calls])
        owners = torch.cat([call.owners for call in calls])[:, None].expand_as(margins)
        margins = margins.new_full((len(slabs), margins.shape[1]), -torch.inf).scatter_reduce(
            0, owners, margins, "amax"
        )
        present = margins > 0 if self.gate else torch.ones_like(margins, dtype=torch.bool)
        if not bool(present.any()):
            return slabs.new_full((*margins.shape, *slabs.shape[2:]), ABSENT_LOGIT), margins

        def decode(windows: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
            return self._decode(calls.popleft(), present.any(dim=1), windows)

        return gate_logits(self.inferer(slabs, decode, *args, **kwargs), present), margins

    def _encode(self, windows: torch.Tensor, owners: Sequence[int]) -> _Call:
        margins = torch.full((len(windows), self.network.out_channels), _AIR_MARGIN, device=windows.device)
        encoded, maps = is_body(windows, self.air_threshold), []
        if bool(encoded.any()):
            padded = pad_windows(windows[encoded], self.multiple)
            if isinstance(self.network, OneGraph):
                decoded, presence = self.network(padded)
                maps = [decoded]
            else:
                maps = self.network.encode(padded)
                presence = self.network.presence_head(maps[-1])
            margins[encoded] = presence[..., 1].float() - presence[..., 0].float()
        return _Call(torch.tensor(owners, device=windows.device), encoded, maps, margins)

    def _decode(self, call: _Call, chosen: torch.Tensor, windows: torch.Tensor) -> torch.Tensor:
        """Logits of windows ``(N, ..., h, w)``, of those only whose slice is chosen and which are no air."""
        if len(windows) != len(call.owners):
            first, now = len(call.owners), len(windows)
            raise RuntimeError(f"The inner inferer made {first} windows at first, and {now} of the same slices later.")
        logits = windows.new_full((*call.margins.shape, *windows.shape[2:]), ABSENT_LOGIT)
        wanted = chosen[call.owners] & call.encoded
        if bool(wanted.any()):
            of_encoded = wanted[call.encoded]
            maps = call.maps if bool(of_encoded.all()) else [level[of_encoded] for level in call.maps]
            rows, columns = slice(0, windows.shape[2]), slice(0, windows.shape[3])
            if self.body_threshold is not None:
                padded = pad_windows(windows[wanted], self.multiple)
                rows, columns = find_body(padded, self.body_threshold, self.multiple)
                maps = [_crop(level, rows, columns, padded.shape[2:]) for level in maps]
            target = logits[:, :, rows, columns]
            decoded = maps[0] if isinstance(self.network, OneGraph) else self.network.decode(maps)
            target[wanted] = decoded[..., : target.shape[2], : target.shape[3]].to(logits.dtype)
        return logits


def _crop(level: torch.Tensor, rows: slice, columns: slice, size: Sequence[int]) -> torch.Tensor:
    """A box in a window of a size, of a map that has fewer pixels."""
    by_row, by_column = size[0] // level.shape[2], size[1] // level.shape[3]
    return level[
        ..., rows.start // by_row : rows.stop // by_row, columns.start // by_column : columns.stop // by_column
    ]


def _with_coordinates(inferer: Callable[..., Any]) -> tuple[Callable[..., Any], bool]:
    """The inferer so that it hands the network each window's place in the batch too, and whether it can."""
    if not isinstance(inferer, (SlidingWindowInferer, AutocastInferer)):
        return inferer, False
    changed, known = copy.copy(inferer), True
    if isinstance(changed, AutocastInferer):
        changed.inferer, known = _with_coordinates(changed.inferer)
    else:
        changed.with_coord = True
    return changed, known
