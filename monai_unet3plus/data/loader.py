# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A data loader for large volumes, whose settings of workers do no harm without workers."""

from __future__ import annotations

from typing import Any

from monai.data import DataLoader, MetaTensor, list_data_collate
from torch.utils.data import Dataset

__all__ = ["CaseLoader"]

_OF_WORKERS = ("multiprocessing_context", "persistent_workers", "prefetch_factor", "timeout")


class CaseLoader(DataLoader):
    """
    A :py:class:`monai.data.DataLoader` that takes the same settings with workers and without.

    PyTorch refuses a start method, or a number of batches to prefetch, when there are no workers. A batch of one volume
    is a view of it and not a copy.

    Args:
        dataset: the cases.
        num_workers: number of processes that load. Defaults to 0, this process does.
        kwargs: see :py:class:`monai.data.DataLoader`; those that concern workers have no effect without any.
    """

    def __init__(self, dataset: Dataset, num_workers: int = 0, **kwargs: Any) -> None:
        if num_workers == 0:
            kwargs = {name: value for name, value in kwargs.items() if name not in _OF_WORKERS}
            kwargs.setdefault("collate_fn", _collate)
        super().__init__(dataset, num_workers=num_workers, **kwargs)


def _collate(items: list[Any]) -> Any:
    """MONAI's batch of items; a single dictionary's volumes are put into it as they are."""
    if len(items) != 1 or not isinstance(items[0], dict):
        return list_data_collate(items)
    volumes = {key: value for key, value in items[0].items() if isinstance(value, MetaTensor)}
    # MONAI collates the meta data, of tensors without voxels
    small = {key: volume.new_empty((0,)).copy_meta_from(volume) for key, volume in volumes.items()}
    batch = list_data_collate([{**items[0], **small}])
    for key, volume in volumes.items():
        batch[key] = MetaTensor(volume.as_tensor()[None]).copy_meta_from(batch[key])
    return batch
