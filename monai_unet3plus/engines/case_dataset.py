# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A dataset in which a case that cannot be loaded is an item that says so."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from monai.data import Dataset
from monai.utils import CommonKeys
from torch.utils.data import get_worker_info

from ..data.reading.reader_process import ReaderProcess
from ..masks.records import MaskRecords
from ..utils.case_remarks import REMARKS
from ..utils.errors import describe_error

__all__ = ["DONE", "FAILURE", "IMAGE_STATE", "CaseDataset"]

logger = logging.getLogger(__name__)

DONE = "done"
FAILURE = "failure"
IMAGE_STATE = "image_state"


class CaseDataset(Dataset):
    """
    A :py:class:`monai.data.Dataset` of dictionaries in which a case that can't be loaded is an item too.

    Such an item is ``{"image": path, "failure": reason}``. Files are read in a process of their own, see
    :py:class:`monai_unet3plus.data.reading.reader_process.ReaderProcess`: one that makes a reader crash or hang, or
    claims to be larger than memory, is a failure like others. It reads the next case's file meanwhile. Transforms get
    a :py:class:`monai_unet3plus.data.reading.volume.Volume`, which is a path too, for those that read themselves.
    They add their warnings to the list ``item["remarks"]``, see
    :py:func:`monai_unet3plus.utils.case_remarks.add_remark`; a case with warnings has them there, a line for each.
    A case that was read has the state of its files before as ``item["image_state"]``, in JSON, see
    :py:func:`monai_unet3plus.utils.image_files.image_state`: it may be read long before its mask is saved.

    Args:
        data: ``[{"image": path}, ...]``; images that are no paths go to ``transform`` as they are.
        transform: loads and preprocesses a case.
        max_voxels: cases that claim more voxels are refused before memory is allocated for them. Defaults to 2**30.
        time_limit: seconds for reading a case. Defaults to 600.
        records: tells which cases have their masks; those are not loaded, their items are ``{"image": path, "done":
            True}``. Defaults to None, all are loaded.

    Raises:
        InputError: When the masks of two cases would go to one file of ``records``.
    """

    def __init__(
        self,
        data: Sequence,
        transform: Callable | None = None,
        max_voxels: int = 2**30,
        time_limit: float = 600.0,
        records: MaskRecords | None = None,
    ) -> None:
        super().__init__(data, transform)
        if records is not None:
            records.check_images(case[CommonKeys.IMAGE] for case in data)
        self.records = records
        self.reader = ReaderProcess(max_voxels, time_limit)

    def _transform(self, index: int) -> Any:
        case = self.data[index]
        image = case[CommonKeys.IMAGE]
        remarks: list[str] = []
        added: dict[str, str] = {}
        try:
            if _is_path(image):
                if self.records is not None and self.records.is_done(image):
                    return {CommonKeys.IMAGE: str(image), DONE: True}
                volume = self.reader.read(image, self._find_next(index))
                case, added[IMAGE_STATE] = {**case, CommonKeys.IMAGE: volume}, json.dumps(volume.state)
            item = self.transform({**case, REMARKS: remarks})
        except Exception as e:
            logger.debug("case %s", image, exc_info=True)
            item = {CommonKeys.IMAGE: str(image), FAILURE: describe_error(e)}
        item.pop(REMARKS, None)
        if remarks:
            added[REMARKS] = "\n".join(remarks)
        return {**item, **added}

    def _find_next(self, index: int) -> str | os.PathLike | None:
        """The file of the next case that this process loads, if it has to be read."""
        workers = get_worker_info()
        index += 1 if workers is None else workers.num_workers
        image = self.data[index][CommonKeys.IMAGE] if index < len(self.data) else None
        if not _is_path(image):
            return None
        try:
            return None if self.records is not None and self.records.is_done(image) else image
        except Exception:  # such as a name that is too long for a mask: a failure of the next case, and not of this one
            return None


def _is_path(image: Any) -> TypeGuard[str | os.PathLike]:
    return isinstance(image, (str, os.PathLike))
