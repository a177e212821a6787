# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import unittest
from types import SimpleNamespace

import numpy as np
import torch
from monai.data import Dataset
from monai.transforms import RandGaussianNoise

from monai_unet3plus.handlers import EpochSeed


def draws(epoch: int, rank: int = 0, seed: int = 1) -> list[float]:
    """The next number of each source of randomness after an epoch has started."""
    dataset = Dataset([torch.zeros(1, 1)], RandGaussianNoise(prob=1.0))
    engine = SimpleNamespace(state=SimpleNamespace(epoch=epoch, rank=rank))
    EpochSeed(seed, dataset)(engine)  # type: ignore[arg-type]
    return [random.random(), float(np.random.random()), float(torch.rand(())), float(dataset[0])]


class TestEpochSeed(unittest.TestCase):
    def test_randomness_is_a_function_of_seed_epoch_and_rank(self) -> None:
        first = draws(epoch=3)
        random.seed(9)
        np.random.seed(9)
        torch.manual_seed(9)
        self.assertEqual(draws(epoch=3), first)

    def test_each_of_them_matters_to_each_source(self) -> None:
        for other in (draws(epoch=4), draws(epoch=3, rank=1), draws(epoch=3, seed=2)):
            for mine, theirs in zip(draws(epoch=3), other):
                self.assertNotEqual(mine, theirs)


if __name__ == "__main__":
    unittest.main()
