# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Training slabs, drawn and varied in batches on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from .settings import Settings
from .volumes import Volume

__all__ = ["adjacent_slices", "draw_batches", "pad"]

_ANGLE, _SCALE, _SHIFT = 0.26, 0.15, 0.1  # radians, share, share of the size
_FACTOR, _OFFSET, _NOISE = 0.1, 0.05, 0.02


def adjacent_slices(number: int) -> torch.Tensor:
    """
    The slices that are the channels of each slab of a scan: those below, at and above it; edge slices repeat.

    Args:
        number: of slices.

    Returns:
        indices of shape ``(number, 3)``.
    """
    return (torch.arange(number)[:, None] + torch.tensor([-1, 0, 1])).clamp(0, number - 1)


def pad(slices: torch.Tensor, size: int) -> torch.Tensor:
    """
    Put slices in the middle of larger ones, with zeros around.

    Args:
        slices: of shape ``(..., H, W)``.
        size: of the larger ones, along both axes.
    """
    height, width = slices.shape[-2:]
    top, left = (size - height) // 2, (size - width) // 2
    return F.pad(slices, (left, size - width - left, top, size - height - top))


def draw_batches(
    volumes: Sequence[Volume], settings: Settings, seed: int, device: torch.device
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """
    Draw batches of slabs, the same ones for the same seed. Cases are drawn evenly.

    Each slab is rotated, scaled and shifted, and its intensities are scaled, shifted and made noisy, in the
    ranges of the bundle's ``train.json``.

    Args:
        volumes: to draw from.
        settings: of the comparison; a batch for each of its steps.
        seed: of all that is random.
        device: where the batches are made.

    Yields:
        images of shape ``(batch_size, 3, size, size)``, values around 0..1, and masks, ``(batch_size, 1, size, size)``.
    """
    rng = np.random.default_rng(seed)
    shape = (settings.steps, settings.batch_size)
    slabs = torch.from_numpy(_draw_slabs(volumes, settings, rng)).to(device)
    affine = torch.from_numpy(_draw_affine(rng, shape)).to(device)
    intensity = torch.from_numpy(rng.uniform(-1, 1, (*shape, 2)).astype(np.float32)).to(device)
    images, masks = (
        torch.cat([pad(torch.from_numpy(getattr(volume, kind)), settings.size) for volume in volumes]).to(device)
        for kind in ("image", "mask")
    )
    first = np.cumsum([0, *(len(volume.image) for volume in volumes)])
    channels = torch.cat([adjacent_slices(len(v.image)) + int(f) for v, f in zip(volumes, first)]).to(device)
    noise = torch.Generator(device).manual_seed(seed)
    for step in range(settings.steps):
        chosen = slabs[step]
        picture = torch.cat([images[channels[chosen]].float() / settings.levels, masks[chosen].float()[:, None]], dim=1)
        grid = F.affine_grid(affine[step], list(picture.shape), align_corners=False)
        picture = F.grid_sample(picture, grid, align_corners=False)
        image, mask = picture[:, :3], (picture[:, 3:] >= 0.5).float()
        factor, offset = (intensity[step, :, k, None, None, None] for k in range(2))
        image = image * (1 + _FACTOR * factor) + _OFFSET * offset
        yield image + _NOISE * torch.randn(image.shape, generator=noise, device=device), mask


def _draw_slabs(volumes: Sequence[Volume], settings: Settings, rng: np.random.Generator) -> np.ndarray:
    """The middle slices, counted through all scans, of the slabs of each step."""
    first = 0
    slices: list[tuple[np.ndarray, np.ndarray]] = []  # of each scan, those with the organ and those without
    for volume in volumes:
        organ = volume.mask.any(axis=(1, 2))
        slices.append((first + np.flatnonzero(organ), first + np.flatnonzero(~organ)))
        first += len(volume.mask)
    count = settings.steps * settings.batch_size
    cases = rng.integers(len(volumes), size=count)
    free = rng.random(count) < settings.organ_free_share
    place = rng.random(count)
    chosen = np.empty(count, dtype=np.int64)
    for k in range(count):
        with_organ, without = slices[cases[k]]
        those = without if (free[k] and len(without)) or not len(with_organ) else with_organ
        chosen[k] = those[int(place[k] * len(those))]
    return chosen.reshape(-1, settings.batch_size)


def _draw_affine(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    angle = rng.uniform(-_ANGLE, _ANGLE, shape)
    scale = 1 + rng.uniform(-_SCALE, _SCALE, shape)
    shift = rng.uniform(-2 * _SHIFT, 2 * _SHIFT, (*shape, 2))  # coordinates run from -1 to 1
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    rows = [np.stack([cos, -sin, shift[..., 0]], axis=-1), np.stack([sin, cos, shift[..., 1]], axis=-1)]
    return np.stack(rows, axis=-2).astype(np.float32)
