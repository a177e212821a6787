# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Slabs that several trainings learn from, each made once: a loader makes them, a buffer shares them."""

from __future__ import annotations

from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.data import DataLoader
from torch.utils.data import Dataset, WeightedRandomSampler

from ..data.splits import sampling_weights
from .case_lists import NO_FOLD

__all__ = ["SlabBuffer", "make_slab_loader"]

_ENDLESS = 10_000_000  # slabs, more than anyone waits for
_OLDEST = 256  # slabs that are not drawn any more, since a newer one may be written over them


class SlabBuffer:
    """
    The newest slabs, in memory that one process writes and others read.

    A slab's place is taken by a newer one when the buffer is full. Draws are random, so that it also shuffles: a reader
    that is faster than the loader gets some slabs more than once, and a slower one misses some.

    Args:
        capacity: how many slabs it holds.
        image: a slab's image ``(C, H, W)``, for its shape. Images are kept in half precision.
        masks: its masks ``(K, H, W)``, of 0, 1 and 255.
    """

    def __init__(self, capacity: int, image: torch.Tensor, masks: torch.Tensor) -> None:
        self.images = torch.empty((capacity, *image.shape), dtype=torch.half).share_memory_()
        self.masks = torch.empty((capacity, *masks.shape), dtype=torch.uint8).share_memory_()
        self.folds = torch.empty(capacity, dtype=torch.int16).share_memory_()
        self.written = torch.zeros((), dtype=torch.long).share_memory_()

    def add(self, images: torch.Tensor, masks: torch.Tensor, folds: torch.Tensor) -> None:
        """
        Write a batch of slabs.

        Args:
            images: ``(B, C, H, W)``, kept in half precision.
            masks: ``(B, K, H, W)``, of 0, 1 and 255, kept in uint8.
            folds: of their patients, ``(B,)``.
        """
        written = int(self.written)
        places = torch.arange(written, written + len(folds)) % len(self.folds)
        self.images[places] = images.half()
        self.masks[places] = masks.to(self.masks.dtype)
        self.folds[places] = folds.to(self.folds.dtype)
        self.written.fill_(written + len(folds))

    def draw(
        self, batch_size: int, fold: int | None, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor] | None:
        """
        Read random slabs, of which some may be the same.

        Args:
            batch_size: how many.
            fold: patients of this fold are left out. None for no fold.
            generator: of the random numbers.

        Returns:
            images ``(B, C, H, W)``, half precision, and masks ``(B, K, H, W)``, uint8. None if there are not yet as
            many slabs.
        """
        written, capacity = int(self.written), len(self.folds)
        places = torch.arange(max(written - capacity + _OLDEST, 0), written) % capacity
        if fold is not None:
            places = places[self.folds[places] != fold]
        if len(places) < batch_size:
            return None
        drawn = places[torch.randint(len(places), (batch_size,), generator=generator)]
        return self.images[drawn], self.masks[drawn]


class _Slabs(Dataset):
    """Slabs as a network takes them, of few bytes: image in half precision, masks in 8 bit, and the patient's fold."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        made = self.dataset[index]
        slab = made[0] if isinstance(made, list) else made
        image, masks = (torch.as_tensor(slab[key]).as_subclass(torch.Tensor) for key in ("image", "label"))
        return image.half(), masks.to(torch.uint8), self.dataset.data[index].get("fold", NO_FOLD)


def make_slab_loader(config: ConfigParser, workers: int) -> DataLoader:
    """
    Make a loader of endless batches, of the training's cases by their weights.

    Args:
        config: of the training. Every network learns from a case that has no "fold".
        workers: processes that make slabs.

    Returns:
        a loader of images ``(B, C, H, W)``, masks ``(B, K, H, W)`` and folds ``(B,)``.

    Raises:
        InputError: When a case's weight is negative, or all are 0.
    """
    dataset = config.get_parsed_content("train#dataset")
    sampler = WeightedRandomSampler(sampling_weights(dataset.data), num_samples=_ENDLESS)
    return DataLoader(_Slabs(dataset), sampler=sampler, batch_size=config["batch_size"], num_workers=workers)
