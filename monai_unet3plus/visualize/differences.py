# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from monai.config import PathLike

from .outlines import axial_slices_through
from .panels import LineStyle, add_legend, draw_outlines, make_panels, save_figure, show_plane

__all__ = ["save_differences", "worst_slices"]

_MARGIN_MM = 15.0
_APART_MM = 10.0
_LINESTYLES: tuple[LineStyle, ...] = ("solid", "dashed", "dotted", "dashdot")


def save_differences(
    image: np.ndarray,
    masks: Mapping[str, tuple[np.ndarray, np.ndarray]],
    spacing: Sequence[float],
    output_file: PathLike,
    window: Sequence[float] = (0.0, 1.0),
    title: str = "",
) -> None:
    """
    Draw the axial slices in which truth and prediction differ most, with the outlines of both.

    Slices run from head to feet, the patient's right is on the left side. All show the same part of the plane, the one
    around the masks. Each says how far it is from the lowest slice, which is number 1, and which area differs. Where
    nothing differs, slices through the truth are shown.

    Args:
        image: CT with axes towards the patient's right, front and head, ``(H, W, D)``.
        masks: truth and prediction of each organ, by its name, on the grid of the CT.
        spacing: size of a voxel in mm.
        output_file: PNG to write.
        window: values of the CT shown as black and white. Defaults to (0, 1).
        title: text above the picture. Defaults to none.
    """
    pairs = [
        (np.asarray(truth, dtype=bool), np.asarray(prediction, dtype=bool)) for truth, prediction in masks.values()
    ]
    voxels = sum((np.count_nonzero(t != p, axis=(0, 1)) for t, p in pairs), np.zeros(image.shape[2], dtype=int))
    apart = max(3, math.ceil(_APART_MM / spacing[2]))
    chosen = worst_slices(voxels, apart)
    if not chosen:
        chosen = axial_slices_through(pairs[0][0]) if pairs else [image.shape[2] // 2]
    chosen = sorted(set(chosen), reverse=True)
    part = _part_around([mask[:, :, chosen] for pair in pairs for mask in pair], spacing) if pairs else np.s_[:, :]

    width, height = image[part].shape[:2]
    figure, axes = make_panels(len(chosen), height * spacing[1] / (width * spacing[0]))
    for ax, z in zip(axes, chosen):
        area = voxels[z] * spacing[0] * spacing[1] / 100
        text = f"slice {z + 1} of {image.shape[2]} from below, {area:.1f} cm² differ"
        show_plane(ax, image[:, :, z][part], spacing[1] / spacing[0], window, text)
        for pair, linestyle in zip(pairs, _LINESTYLES * len(pairs)):
            draw_outlines(ax, [mask[:, :, z][part] for mask in pair], linestyle)
    organs = dict(zip(masks, _LINESTYLES * len(pairs)))
    add_legend(figure, ["truth", "prediction"], organs if len(organs) > 1 else None)
    save_figure(figure, output_file, title)


def worst_slices(voxels: Sequence[int] | np.ndarray, apart: int, number: int = 4) -> list[int]:
    """
    Choose the slices with most differing voxels, of which no two are neighbours.

    Args:
        voxels: number of differing voxels of each slice.
        apart: smallest distance of two chosen slices.
        number: how many to choose at most. Defaults to 4.

    Returns:
        indices, the worst first; slices without any difference are not chosen.
    """
    chosen: list[int] = []
    for z in np.argsort(-np.asarray(voxels), kind="stable"):
        if voxels[z] == 0 or len(chosen) == number:
            break
        if all(abs(int(z) - other) >= apart for other in chosen):
            chosen.append(int(z))
    return chosen


def _part_around(masks: Sequence[np.ndarray], spacing: Sequence[float]) -> tuple[slice, slice]:
    """The rectangle of the plane that holds all masks with a margin, or all of it if they are empty."""
    occupied = np.any([mask.any(axis=2) for mask in masks], axis=0)
    if not occupied.any():
        return np.s_[:, :]
    part = []
    for axis in (0, 1):
        indices, margin = np.flatnonzero(occupied.any(axis=1 - axis)), math.ceil(_MARGIN_MM / spacing[axis])
        part.append(slice(max(int(indices[0]) - margin, 0), int(indices[-1]) + margin + 1))
    return part[0], part[1]
