# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Training cases that cannot be loaded: found before the first epoch, reported, left out."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from monai.data import Dataset
from monai.utils import CommonKeys

from ..utils.errors import InputError, describe_error
from .reading.reader_process import ReaderProcess

__all__ = ["drop_bad_cases", "report_bad_cases"]

logger = logging.getLogger(__name__)


def drop_bad_cases(dataset: Dataset, strict: bool = False) -> None:
    """
    Load each case once, so that a bad one is known before the first epoch and not at the first validation.

    Args:
        dataset: cases with the paths "image" and "label"; loses those that can't be loaded.
        strict: whether to raise an error instead. Defaults to False.

    Raises:
        InputError: When a case can't be loaded and ``strict`` is set, or none can.
    """
    reader, reasons = ReaderProcess(), {}
    for index, case in enumerate(dataset.data):
        try:
            for key in (CommonKeys.IMAGE, CommonKeys.LABEL):
                reader.check(case[key])
            dataset[index]
        except Exception as e:
            reasons[str(case[CommonKeys.IMAGE])] = describe_error(e)
    reader.close()
    report_bad_cases(reasons, len(dataset.data), strict)
    dataset.data = [case for case in dataset.data if str(case[CommonKeys.IMAGE]) not in reasons]


def report_bad_cases(reasons: Mapping[str, str], total: int, strict: bool) -> None:
    """
    Log which cases are left out of a training.

    Args:
        reasons: why, for the image of each bad case.
        total: number of all cases.
        strict: whether a single bad case is an error.

    Raises:
        InputError: When there is one and ``strict`` is set, or there are only such.
    """
    for image, reason in reasons.items():
        logger.error("left out: %s", reason if image in reason else f"{image}: {reason}")
    if reasons and strict:
        raise InputError(f"strict: expected cases that can be loaded, but {len(reasons)} of {total} can't.")
    if total and len(reasons) == total:
        raise InputError(f"expected cases that can be loaded, but none of {total} can; {next(iter(reasons.values()))}")
