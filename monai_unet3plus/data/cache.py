# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A dataset whose loaded volumes lie in memory-mapped files."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from monai.config import PathLike
from monai.data import Dataset, MetaTensor
from monai.transforms import Compose, Randomizable, RandomizableTrait

from ..utils.errors import InputError, describe_error
from ..utils.files import replacing
from ..utils.image_files import image_state
from ..utils.process_group import gather_entries
from ..utils.progress import Progress
from ..utils.settings import settings_to_json
from .bad_cases import report_bad_cases
from .case_keys import INTENSITY_RANGE, LABEL_VALUES, SPACING_KNOWN
from .reading.reader_process import ReaderProcess

__all__ = ["MemmapCacheDataset", "ORGAN_SLICES"]

logger = logging.getLogger(__name__)

ORGAN_SLICES = "organ_slices"
_DTYPES: dict[str, Any] = {"image": np.int16, "label": np.uint8}
# of a case, for the meta data of its volumes
_FACTS = (INTENSITY_RANGE, SPACING_KNOWN)
_ONLY_FOR_SPLITS = (LABEL_VALUES, "fold", "patient", "weight")
_LEAST_RANGE = 20  # HU: every CT of a body spans more


class MemmapCacheDataset(Dataset):
    """
    A dataset whose volumes are loaded and oriented once, and then lie in files, read slice by slice as needed.

    MONAI's caches hold volumes in memory, or read each whole from a file. Here images are int16, in whole Hounsfield
    units, label maps uint8, and slices are stored one after the other, so that a slab of slices is one short read.
    As in MONAI's caches, the transforms up to the first random one are applied once, the others to each item.
    A file is mapped into memory only while its item is made, so that memory does not grow with the number of volumes,
    on the condition that the first random transform copies its part of a volume, as
    :py:class:`monai_unet3plus.transforms.RandSlabCropd` does.

    An entry of the cache is known by its files' paths, sizes and times, and by the transforms that made it with their
    arguments; a changed file or argument makes a new entry. Entries are written whole or not at all. Processes of a
    distributed training share the work, and machines that do not share the folder fill one each. The folder may be
    deleted whenever no training runs.

    Items have "image" and "label", MetaTensors ``(1, H, W, D)``, whose meta data have the case's "intensity_range" and
    "spacing_known", if it has them; "organ_slices", booleans ``(D,)`` that say which slices have a label above 0; and
    the case's other values, without those that only a split needs.

    Args:
        data: cases, dictionaries with the paths "image" and "label".
        transform: a transform or a ``Compose`` of them, of which those before the first random one load a case,
            ``(1, H, W, D)`` each.
        cache_dir: folder for the cache.
        strict: whether a case that can't be loaded is an error. Defaults to False: such cases are logged and left out.

    Raises:
        InputError: When there is no space left for the cache, or a case can't be loaded and ``strict`` is set, or none
            can.
    """

    def __init__(
        self, data: Sequence[Mapping[str, Any]], transform: Callable, cache_dir: PathLike, strict: bool = False
    ) -> None:
        super().__init__(data)
        self.transform: Compose = transform if isinstance(transform, Compose) else Compose(transform)
        first = self.transform.get_index_of_first(lambda t: isinstance(t, (Randomizable, RandomizableTrait)))
        self.first_random = len(self.transform.transforms) if first is None else first
        recipe = settings_to_json(list(self.transform.transforms[: self.first_random]))
        self.entries = [Path(cache_dir) / _make_key(case, recipe) for case in data]
        bad: dict[int, str] = {}
        if dist.is_available() and dist.is_initialized():
            self._build_missing(dist.get_rank(), dist.get_world_size(), bad)
            # Nothing else is missing now, unless the folder is not one that all machines share.
            self._build_missing(int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1)), bad)
        else:
            self._build_missing(0, 1, bad)
        report_bad_cases({str(data[index]["image"]): reason for index, reason in bad.items()}, len(data), strict)
        self.data = [case for index, case in enumerate(data) if index not in bad]
        self.entries = [entry for index, entry in enumerate(self.entries) if index not in bad]
        self.descriptions = [_read_description(entry) for entry in self.entries]

    @property
    def label_values(self) -> set[int]:
        """All values above 0 that occur in label maps, of organs that their case annotates."""
        return {
            value
            for case, description in zip(self.data, self.descriptions)
            for value in description["values"]
            if "annotated" not in case or case["annotated"][value - 1]
        }

    def _transform(self, index: int) -> Any:
        item, description = dict(self.data[index]), self.descriptions[index]
        for key in _ONLY_FOR_SPLITS:
            item.pop(key, None)
        facts = {key: value for key in _FACTS if (value := item.pop(key, None)) is not None}
        for key in _DTYPES:
            # "c": a write, which no transform should do, would change memory and not the file
            volume = torch.from_numpy(np.load(self.entries[index] / f"{key}.npy", mmap_mode="c")).permute(1, 2, 0)
            meta = {"filename_or_obj": str(item[key]), **facts}
            item[key] = MetaTensor(volume[None], affine=torch.tensor(description["affine"]), meta=meta)
        item[ORGAN_SLICES] = np.isin(np.arange(volume.shape[-1]), description[ORGAN_SLICES])
        return self.transform(item, start=self.first_random)

    def _build_missing(self, rank: int, world_size: int, bad: dict[int, str]) -> None:
        """Build this process's share of missing entries; add the reasons of any process's failures."""
        # Shared by position: processes that looked at different times would not agree on the missing ones.
        mine = [i for i in range(rank, len(self.entries), world_size) if not _is_complete(self.entries[i])]
        mine = [i for i in mine if i not in bad]
        reader, progress = ReaderProcess(), Progress(len(mine), "cases", "reading volumes", disable=not mine)
        for index in mine:
            try:
                for key in _DTYPES:
                    reader.check(self.data[index][key])
                self._build(index)
            except _CacheFull:
                raise
            except Exception as e:
                bad[index] = describe_error(e)
            progress.update()
        progress.close()
        reader.close()
        bad.update(gather_entries(bad))

    def _build(self, index: int) -> None:
        case, entry = self.data[index], self.entries[index]
        loaded = self.transform(
            {key: case[key] for key in (*_DTYPES, *_FACTS, LABEL_VALUES) if key in case}, end=self.first_random
        )
        affine = torch.as_tensor(loaded["label"].affine).tolist()
        stored = {key: _compact(loaded.pop(key), key, str(case[key])) for key in _DTYPES}
        values = [set(np.unique(plane).tolist()) - {0} for plane in stored["label"]]
        description: dict[str, Any] = {
            "files": {key: str(case[key]) for key in _DTYPES},
            "affine": affine,
            "values": sorted(set().union(*values)),
            ORGAN_SLICES: [number for number, found in enumerate(values) if found],
            "bytes": {},
        }
        try:
            for key in _DTYPES:
                with replacing(entry / f"{key}.npy") as unfinished:
                    np.save(unfinished, stored[key])
                description["bytes"][key] = (entry / f"{key}.npy").stat().st_size
            with replacing(entry / "entry.json") as unfinished:  # the last one: an entry that has it is complete
                unfinished.write_text(json.dumps(description), encoding="utf-8")
        except OSError as e:
            if e.errno != errno.ENOSPC:
                raise
            raise _CacheFull(
                f"cache_dir: no space left for the volumes in {entry.parent}. Each takes 3 bytes per voxel; "
                "give a folder on a larger disk."
            ) from e


class _CacheFull(InputError):
    """There is no space left, for this case or any other."""


def _compact(volume: torch.Tensor, key: str, file: str) -> np.ndarray:
    """A volume ``(1, H, W, D)`` as it is stored: ``(D, H, W)``, of a small type."""
    array, dtype = torch.as_tensor(volume)[0].permute(2, 0, 1).numpy(), _DTYPES[key]
    limits, low, high = np.iinfo(dtype), array.min(), array.max()
    if low < limits.min or high > limits.max:
        logger.warning("%s: values beyond %d..%d are cut off", file, limits.min, limits.max)
    if key == "image" and high - low < _LEAST_RANGE:
        logger.warning(
            "%s: values from %g to %g are rounded to whole ones. Is it in Hounsfield units?", file, low, high
        )
    stored = np.empty(array.shape, dtype)
    for plane, target in zip(array, stored):  # one by one: of all at once there would be several copies
        target[...] = np.rint(plane).clip(limits.min, limits.max)
    return stored


def _make_key(case: Mapping[str, Any], recipe: list) -> str:
    files = []
    for key in _DTYPES:
        files.append([os.path.abspath(case[key]), image_state(case[key])["digest"]])
    content = [files, case.get(LABEL_VALUES), recipe]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _read_description(entry: Path) -> dict[str, Any]:
    return json.loads((entry / "entry.json").read_text(encoding="utf-8"))


def _is_complete(entry: Path) -> bool:
    try:
        sizes = {key: (entry / f"{key}.npy").stat().st_size for key in _DTYPES}
        return _read_description(entry)["bytes"] == sizes
    except (OSError, ValueError):
        return False
