# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The order of the bundle's configs in ``--config_file``: most of them change another one, and come after it.

Each config imports its place in that order under its own name, evaluate.json as ``evaluate_json``, and begins with a
check of all places. MONAI runs the imports of all configs that are merged, in their order, also of those whose other
entries a later one replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..utils.command import exit_on_error
from ..utils.errors import InputError

__all__ = [
    "AFTER_EVALUATE",
    "AFTER_INFERENCE",
    "AFTER_TRAIN",
    "AFTER_TRAIN_OR_INFERENCE",
    "FIRST",
    "Place",
    "check_config_order",
]


class Place(NamedTuple):
    """
    Place of a config among those that are merged.

    Args:
        after: lists of configs, one of which has to come before it.
    """

    after: tuple[tuple[str, ...], ...]

    def begin(self, names: Mapping[str, Any]) -> None:
        """
        Begin a run of the config: a command ends with one sentence from here on, and its configs are in order.

        Raises:
            InputError: When a config is not preceded by one that it changes.
        """
        exit_on_error()
        check_config_order(names)


FIRST = Place(())
AFTER_TRAIN = Place((("train.json",),))
AFTER_EVALUATE = Place((("train.json", "evaluate.json"),))
AFTER_INFERENCE = Place((("inference.json",),))
AFTER_TRAIN_OR_INFERENCE = Place((("train.json",), ("inference.json",)))


def check_config_order(names: Mapping[str, Any]) -> None:
    """
    Refuse a config that is not preceded by the one that it changes: it would be incomplete, or be replaced unseen.

    Args:
        names: the global names of an expression in the config, ``globals()``.

    Raises:
        InputError: When a config is not preceded by one that it changes.
    """
    seen: list[str] = []
    for name, place in names.items():
        if not isinstance(place, Place):
            continue
        config = name.removesuffix("_json") + ".json"
        if place.after and not any(set(before) <= set(seen) for before in place.after):
            files = " or ".join(str([*before, config]) for before in place.after)
            raise InputError(
                f"config_file: expected {config} after the config that it changes, in the order {files}, "
                f"each with its folder, but it comes {'after ' + ', '.join(seen) if seen else 'first'}."
            )
        if place == FIRST and seen:
            raise InputError(f"config_file: expected {config} before all others, but it comes after {', '.join(seen)}.")
        seen.append(config)
