# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Finds the stack of CT slices in a DICOM folder, among overviews, reports, copies, phases and other series."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...utils.errors import InputError
from ...utils.image_files import starts_like_dicom
from .dicom_frames import Frame, is_ct_object, list_frames, read_header
from .dicom_grid import fit_grid, sort_frames, stack_normal
from .dicom_phases import pick_phase

__all__ = ["CTStack", "find_ct_stack", "list_dicom_files", "scan_folder"]

_INDEX = "DICOMDIR"  # of a medium
_SAY_WHAT_IT_IS = ("SOPClassUID", "Modality", "DirectoryRecordSequence")
_SAME_DIRECTION = 0.05  # components of orientations in one stack differ by less
_CT_CLASS_FIELD = b"\x02\x00\x02\x00UI\x1a\x001.2.840.10008.5.1.4.1.1.2\x00"  # of a plain CT slice


@dataclass
class CTStack:
    """
    The frames of a CT in the order in which they lie.

    Args:
        frames: one at each position.
        affine: from voxels (column, row, slice) to mm, axes towards the patient's left, back and head, ``(4, 4)``.
        warnings: sentences about files that were passed over.
        unstated: ``["spacing"]`` for a single slice that does not tell how thick it is.
    """

    frames: list[Frame]
    affine: np.ndarray
    warnings: list[str] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)


def find_ct_stack(path: str) -> CTStack:
    """
    Find the CT in a folder of DICOM files, or in one file.

    A CT has the SOP class of a CT, or its modality and positions; it has one number per pixel, and is no overview. Of
    several stacks an axial one counts before others, then the one with the most slices. Copies of slices are dropped,
    and one of several phases on the same positions is taken, see :py:func:`.dicom_phases.pick_phase`.

    Args:
        path: a folder, with those below it only if there is no DICOM in itself, or a file.

    Raises:
        InputError: When there is no CT, a slice of one is damaged or does not tell where it lies, or slices do not lie
            on an even grid.
    """
    frames, others = _read_folder(path) if os.path.isdir(path) else (list_frames(read_header(path), path), Counter())
    scans = [frame for frame in frames if frame.is_ct]
    if not scans:
        series = {frame.series: frame.kind for frame in frames}
        kinds = sorted({*series.values(), *others})
        found = f"{len(series) + len(others)} of {kinds}" if kinds else "none"
        raise InputError(f"{path}: expected a CT series, but found {found}.")
    stacks = sorted(_group(scans), key=lambda stack: (not _is_axial(stack[0]), -len(stack), stack[0].series))
    _check_places(stacks[0], scans, path)
    warnings = _name_others(path, stacks[0], frames, others)
    taken, remarks = pick_phase(sort_frames(stacks[0]), path)
    _check_rescale(taken, path)
    affine, more = fit_grid(taken, path)
    unstated = ["spacing"] if len(taken) == 1 and taken[0].thickness is None else []
    return CTStack(taken, affine, warnings + remarks + more, unstated)


def scan_folder(folder: str, names: Sequence[str]) -> tuple[str | None, list[str]]:
    """
    Look for a slice of a CT in a folder, or a file that is too damaged to tell.

    Returns:
        the identifier of the first one's series, which may be empty, or None if there is none; and the modalities of
        the other DICOM files up to there.
    """
    kinds: set[str] = set()
    for path in (os.path.join(folder, name) for name in sorted(names) if name.upper() != _INDEX):
        try:
            if not os.path.isfile(path) or not starts_like_dicom(path):
                continue
            header = read_header(path)
            frames = list_frames(header, path)
        except OSError:
            continue
        except Exception:  # pydicom raises errors of any kind for a damaged file; the case will fail with the reason
            return "", sorted(kinds)
        says_nothing = not frames and not any(header.get(name) for name in _SAY_WHAT_IT_IS)
        if any(frame.is_ct for frame in frames) or (not frames and is_ct_object(header)) or says_nothing:
            return str(header.get("SeriesInstanceUID") or ""), sorted(kinds)
        if header.get("Modality"):
            kinds.add(str(header.get("Modality")))
    return None, sorted(kinds)


def _read_folder(folder: str) -> tuple[list[Frame], Counter[str]]:
    """The frames of all files, and how many files of each modality are no images."""
    frames: list[Frame] = []
    others: Counter[str] = Counter()
    damaged = []
    for path in list_dicom_files(folder):
        try:
            header = read_header(path)
            found = list_frames(header, path)
        except Exception:  # pydicom raises errors of any kind for a damaged file
            header, found = {}, []
        frames += found
        if not found and (is_ct_object(header) or _says_ct(path)):
            damaged.append(os.path.basename(path))
        elif not found and header.get("Modality"):
            others[str(header.get("Modality"))] += 1
    if damaged:
        raise InputError(
            f"{folder}: expected CT slices that can be read, but {len(damaged)} can't, such as {damaged[0]}. "
            "Is it cut off?"
        )
    return frames, others


def list_dicom_files(folder: str) -> list[str]:
    """The DICOM files in a folder, or, if there are none, those in the folders below it."""
    found: list[str] = []
    for here, subfolders, names in os.walk(folder):
        subfolders.sort()
        paths = (os.path.join(here, name) for name in sorted(names))
        found += [path for path in paths if os.path.isfile(path) and starts_like_dicom(path)]
        if here == folder and found:
            break
    return found


def _says_ct(path: str) -> bool:
    with open(path, "rb") as file:
        return _CT_CLASS_FIELD in file.read(1024)


def _group(frames: Sequence[Frame]) -> list[list[Frame]]:
    """The frames of each series and direction."""
    stacks: list[list[Frame]] = []
    for frame in frames:
        for stack in stacks:
            if stack[0].series == frame.series and _is_parallel(stack[0], frame):
                stack.append(frame)
                break
        else:
            stacks.append([frame])
    return stacks


def _is_parallel(one: Frame, other: Frame) -> bool:
    if one.orientation is None or other.orientation is None:
        return one.orientation is other.orientation
    return bool(np.abs(one.orientation - other.orientation).max() < _SAME_DIRECTION)


def _is_axial(frame: Frame) -> bool:
    return frame.orientation is not None and abs(stack_normal(frame)[2]) > np.cos(np.pi / 4)


def _check_places(taken: Sequence[Frame], scans: Sequence[Frame], path: str) -> None:
    """Refuse a series of which slices do not tell where they lie; an enclosed page of another size is passed over."""
    series = [frame for frame in scans if frame.series == taken[0].series and frame.shape == taken[0].shape]
    lost = [frame for frame in series if frame.position is None or frame.orientation is None]
    if lost:
        raise InputError(
            f"{path}: expected Image Position (Patient) and Image Orientation (Patient) in each slice, but {len(lost)} "
            f"of {len(series)} have none that can be used, such as {os.path.basename(lost[0].file)}."
        )


def _check_rescale(frames: Sequence[Frame], path: str) -> None:
    """Refuse Hounsfield units beside raw numbers."""
    raw = [frame for frame in frames if frame.rescale is None]
    if 0 < len(raw) < len(frames):
        raise InputError(
            f"{path}: expected Rescale Intercept in each slice or in none, but {len(raw)} of {len(frames)} have none, "
            f"such as {os.path.basename(raw[0].file)}."
        )


def _name_others(path: str, taken: Sequence[Frame], frames: Sequence[Frame], others: Counter[str]) -> list[str]:
    kept = {id(frame) for frame in taken}
    counts = Counter((frame.series, frame.kind) for frame in frames if id(frame) not in kept)
    names = [f"{kind} {series} ({_count(number, 'slice')})" for (series, kind), number in sorted(counts.items())]
    names += [f"{kind} ({_count(number, 'file')})" for kind, number in sorted(others.items())]
    if not names:
        return []
    series = len({frame.series for frame in frames}) + len(others)
    return [
        f"{path}: {series} DICOM series; taken is the CT with most slices, {taken[0].series} "
        f"({_count(len(taken), 'slice')}), and not {', '.join(names)}"
    ]


def _count(number: int, name: str) -> str:
    return f"{number} {name}" + ("s" if number != 1 else "")
