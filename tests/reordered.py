# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
A plugin that runs tests in another order, or with other random numbers where a test does not seed them itself:

    python -m pytest -p tests.reordered --order reversed
    python -m pytest -p tests.reordered --order 7

A number is the seed of a random order of the files, and of the tests in each, and of the global random numbers at the
beginning of every test.
"""

from __future__ import annotations

import random
from itertools import groupby

import numpy as np
import pytest
import torch


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--order", default="reversed", metavar="ORDER", help='"reversed", or the seed of a random order')


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order = config.getoption("--order")
    if order == "reversed":
        items.reverse()
        return
    rng = random.Random(int(order))
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    rng.shuffle(files)
    for tests in files:
        rng.shuffle(tests)
    items[:] = [item for tests in files for item in tests]


def pytest_runtest_setup(item: pytest.Item) -> None:
    order = item.config.getoption("--order")
    if order != "reversed":
        seed = int(order)
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
