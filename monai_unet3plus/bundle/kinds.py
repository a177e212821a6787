# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of values that variables of the bundle's configs take."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch

from ..data.shards import is_shard

__all__ = ["Kind", "CONSTANTS", "make_choice", "make_whole"]

CONSTANTS = {"true": True, "false": False, "none": None, "null": None}  # as JSON and shells spell them


class Kind(NamedTuple):
    """
    The values that a variable takes.

    Args:
        expected: the values in words, for messages and the documentation.
        accepts: whether a value is one of them.
    """

    expected: str
    accepts: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any, least: float = -math.inf) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _is_list(value: Any, accepts: Callable[[Any], bool], length: int | None = None) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return (len(value) == length if length else len(value) > 0) and all(map(accepts, value))


def _is_range(value: Any) -> bool:
    return _is_list(value, _is_number, 2) and value[0] < value[1]


def _is_path(value: Any) -> bool:
    """Whether it is a path; ~ is left where a shell has not replaced it, as in --output_dir=~/masks."""
    return isinstance(value, (str, os.PathLike)) and str(value) != "" and not str(value).startswith("~")


def _are_organs(value: Any) -> bool:
    """Each label value belongs to one organ, and is not the background's 0."""
    if not isinstance(value, Mapping) or not value or not all(isinstance(name, str) and name for name in value):
        return False
    groups = [values if isinstance(values, (list, tuple)) else [values] for values in value.values()]
    values = [number for group in groups for number in group]
    whole = all(group and all(_is_whole(number, 1) for number in group) for group in groups)
    return whole and len(set(values)) == len(values)


def _is_device(value: Any) -> bool:
    """Whether a tensor can be put there; PyTorch would say so from within the network."""
    try:
        torch.empty(1, device=value)
    except (AssertionError, RuntimeError, TypeError):
        return False
    return isinstance(value, (str, torch.device))


def make_choice(*choices: str) -> Kind:
    """
    One of some texts.

    Args:
        choices: the texts.
    """
    return Kind("one of " + ", ".join(map(repr, choices)), lambda value: value in choices)


def make_whole(least: int) -> Kind:
    """
    A whole number.

    Args:
        least: the smallest that is taken.
    """
    return Kind(f"a whole number of {least} or more", lambda value: _is_whole(value, least))


FLAG = Kind("True or False", lambda value: isinstance(value, bool))
PATH = Kind("a path", _is_path)
OPTIONAL_PATH = Kind(
    "a path or None", lambda value: value is None or (_is_path(value) and str(value).lower() not in CONSTANTS)
)
NAME = Kind("a part of a file's name", lambda value: isinstance(value, str) and value != "" and os.sep not in value)
OPTIONAL_NAMES = Kind(
    "a list of names or None", lambda value: value is None or _is_list(value, lambda name: isinstance(name, str))
)
DEVICE = Kind("a device of this machine, such as cpu or cuda:0", _is_device)
SHARE = Kind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
OVERLAP = Kind("a number from 0 to below 1", lambda value: _is_number(value) and 0 <= value < 1)
RATE = Kind("a number of 0 or more", lambda value: _is_number(value) and value >= 0)
OPTIONAL_MM = Kind("a number of mm above 0, or None", lambda value: value is None or (_is_number(value) and value > 0))
ODD = Kind("an odd number, a slice and as many on either side", lambda value: _is_whole(value, 1) and value % 2 == 1)
WINDOW = Kind("the lower and the upper end in Hounsfield units", _is_range)
CHANNELS = Kind("a list of whole numbers", lambda value: _is_list(value, lambda number: _is_whole(number, 1)))
PIXELS = Kind("two whole numbers of pixels", lambda value: _is_list(value, lambda number: _is_whole(number, 1), 2))
WINDOW_SIZE = Kind(
    "two whole numbers of pixels, or one for both", lambda value: _is_whole(value) or _is_list(value, _is_whole, 2)
)
ORGANS = Kind(
    "label values of 1 or more for each organ, none of them twice, such as {'liver': [1, 2], 'spleen': 3}", _are_organs
)
ANNOTATED = Kind(
    "a list of organs, or label values for each, such as {'spleen': 1}, or None",
    lambda value: value is None or _is_list(value, lambda name: isinstance(name, str)) or _are_organs(value),
)
ORGAN_RANGES = Kind(
    "a list with two numbers for each organ",
    lambda value: _is_list(value, lambda pair: _is_list(pair, _is_number, 2) and pair[0] <= pair[1]),
)
VOLUME_RANGES = Kind(
    "the smallest and the largest volume by the names of organs, such as {'liver': [300, 5000]}",
    lambda value: isinstance(value, Mapping) and all(map(_is_range, value.values())),
)
MAPPING = Kind("a mapping", lambda value: isinstance(value, Mapping))
SHARD = Kind(
    "a shard and the number of shards, such as 3/8, or None",
    lambda value: value is None or (isinstance(value, str) and is_shard(value)),
)
TIME = Kind("a datetime.timedelta", lambda value: isinstance(value, datetime.timedelta))
