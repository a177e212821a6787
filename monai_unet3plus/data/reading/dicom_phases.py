# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Picks one frame for each position of a DICOM series that holds copies of slices, or several phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from ...utils.errors import InputError
from .dicom_frames import Frame
from .dicom_pixels import read_pixels

__all__ = ["pick_phase"]

_SAME_PLACE_MM = 0.01


def pick_phase(frames: Sequence[Frame], name: str) -> tuple[list[Frame], list[str]]:
    """
    Keep one frame for each position. Copies, the same object or equal pixels, are dropped. Phases are told apart by a
    field, or by the numbers of their slices; the one with the most slices counts, and of equal ones the first.

    Args:
        frames: a stack in order.
        name: file or folder, for messages.

    Returns:
        the frames kept, in order, and warnings.

    Raises:
        InputError: When several slices lie at one position and nothing tells phases apart.
    """
    places = [_drop_same_objects(place) for place in _group_by_place(frames)]
    if any(len(place) > 1 for place in places) and _all_equal(places):
        places = [place[:1] for place in places]
    kept = [frame for place in places for frame in place]
    warnings = [f"{name}: {len(frames) - len(kept)} copies of slices passed over"] if len(kept) < len(frames) else []
    most = max(len(place) for place in places)
    if most == 1:
        return kept, warnings
    for how, phases in _ways_to_split(kept, most):
        if len(places) > 1 and len(phases) == most and all(_has_one_at_each_place(phase) for phase in phases.values()):
            value = max(phases, key=lambda value: len(phases[value]))  # the first of equal ones
            warnings.append(
                f"{name}: {most} phases, {how} {', '.join(phases)}; taken is {value} with {len(phases[value])} slices"
            )
            return phases[value], warnings
    crowded = next(number for number, place in enumerate(places, start=1) if len(place) > 1)
    raise InputError(
        f"{name}: expected one slice at each position, but found {len(places[crowded - 1])} with different pixels at "
        f"position {crowded} of {len(places)}, and no field tells phases apart. Put each into a folder of its own."
    )


def _group_by_place(frames: Sequence[Frame]) -> list[list[Frame]]:
    places: list[list[Frame]] = []
    for frame in frames:
        if places and _is_same_place(places[-1][0], frame):
            places[-1].append(frame)
        else:
            places.append([frame])
    return places


def _is_same_place(one: Frame, other: Frame) -> bool:
    return float(np.linalg.norm(np.subtract(one.position, other.position))) < _SAME_PLACE_MM  # type: ignore[arg-type]


def _drop_same_objects(place: Sequence[Frame]) -> list[Frame]:
    return list({frame.instance: frame for frame in reversed(place)}.values())[::-1]


def _all_equal(places: Sequence[Sequence[Frame]]) -> bool:
    """Whether the frames at each position have the same pixels; reads no further than the first that differ."""
    for place in places:
        if len({frame.shape for frame in place}) > 1:
            return False
        if len(place) > 1 and not (np.ptp(read_pixels(place), axis=0) == 0).all():
            return False
    return True


def _ways_to_split(frames: Sequence[Frame], count: int) -> Iterator[tuple[str, dict[str, list[Frame]]]]:
    for name in dict.fromkeys(name for frame in frames for name in frame.phase):
        phases: dict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            phases[frame.phase.get(name, "none")].append(frame)
        yield name, {value: phases[value] for value in sorted(phases, key=_order_value)}
    if len(frames) % count == 0:
        size, numbered = len(frames) // count, sorted(frames, key=lambda frame: frame.number)
        kept = {id(frame): k // size for k, frame in enumerate(numbered)}
        yield "by InstanceNumber", {
            str(k + 1): [frame for frame in frames if kept[id(frame)] == k] for k in range(count)
        }


def _order_value(value: str) -> tuple[bool, float, str]:
    """Numbers before words, 9 before 10."""
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _has_one_at_each_place(phase: Sequence[Frame]) -> bool:
    return all(len(place) == 1 for place in _group_by_place(phase))
