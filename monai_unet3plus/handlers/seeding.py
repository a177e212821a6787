# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Random seeds as a function of epoch and process, so that a resumed training repeats the unbroken one."""

from __future__ import annotations

import random

import numpy as np
import torch
from ignite.engine import Engine, Events
from monai.data.utils import set_rnd
from torch.utils.data import Dataset

__all__ = ["EpochSeed"]


class EpochSeed:
    """
    Makes an epoch's randomness a function of seed, epoch and rank alone, so that a resumed training draws the same
    as an unbroken one.

    MONAI seeds transforms once, when the loader is built. This seeds Python, NumPy, PyTorch (shuffling, dropout, and
    through it the loader's workers) and the dataset's transforms when each epoch starts.

    Args:
        seed: 0 or more.
        dataset: the dataset that training draws from.
    """

    def __init__(self, seed: int, dataset: Dataset) -> None:
        self.seed = seed
        self.dataset = dataset

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        mixed = np.random.SeedSequence([self.seed, engine.state.epoch, engine.state.rank])  # type: ignore[attr-defined]
        seed = int(mixed.generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        set_rnd(self.dataset, seed)
