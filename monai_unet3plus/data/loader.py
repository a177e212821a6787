# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A data loader whose settings of workers do no harm without workers."""

from __future__ import annotations

from typing import Any

from monai.data import DataLoader
from torch.utils.data import Dataset

__all__ = ["CaseLoader"]

_OF_WORKERS = ("multiprocessing_context", "persistent_workers", "prefetch_factor", "timeout")


class CaseLoader(DataLoader):
    """
    A :py:class:`monai.data.DataLoader` that takes the same settings with workers and without.

    PyTorch refuses a start method, or a number of batches to prefetch, when there are no workers.

    Args:
        dataset: the cases.
        num_workers: number of processes that load. Defaults to 0, this process does.
        kwargs: see :py:class:`monai.data.DataLoader`; those that concern workers have no effect without any.
    """

    def __init__(self, dataset: Dataset, num_workers: int = 0, **kwargs: Any) -> None:
        if num_workers == 0:
            kwargs = {name: value for name, value in kwargs.items() if name not in _OF_WORKERS}
        super().__init__(dataset, num_workers=num_workers, **kwargs)
