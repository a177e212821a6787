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

from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from monai.config import PathLike

__all__ = ["save_outlines"]

_COLOURS = ("#3ddc84", "#ff4fa3", "#ffb000", "#40c4ff")


def save_outlines(
    image_file: PathLike,
    mask_files: Mapping[str, PathLike],
    output_file: PathLike,
    label: int = 1,
    window: Sequence[float] = (-200, 250),
    title: str = "",
) -> None:
    """
    Draw a CT with the outlines of masks: three axial slices through the first mask, and a coronal one.

    Slices are shown as radiologists are used to: the patient's right on the left side, the front or the head on top.

    Args:
        image_file: NIfTI file of the CT.
        mask_files: name of each mask, for the legend, and its NIfTI file on the same grid.
        output_file: PNG to write.
        label: value of the masks that is outlined. Defaults to 1, the first organ.
        window: Hounsfield units shown as black and white. Defaults to (-200, 250).
        title: text above the picture. Defaults to none.
    """
    image, spacing = _load(image_file)
    masks = {name: _load(file)[0] == label for name, file in mask_files.items()}
    reference = next(iter(masks.values()))
    axial, coronal = _slices_to_show(reference)

    figure = Figure(figsize=(16, 4.6), facecolor="black", layout="constrained")
    axes = figure.subplots(1, 4)
    height_mm = image.shape[2] * spacing[2]
    for ax, z in zip(axes, axial):
        _draw(ax, image[:, :, z], [mask[:, :, z] for mask in masks.values()], spacing[1] / spacing[0], window)
        ax.set_title(f"axial, {z * spacing[2]:.0f} of {height_mm:.0f} mm from below", color="white", fontsize=10)
    _draw(axes[3], image[:, coronal], [mask[:, coronal] for mask in masks.values()], spacing[2] / spacing[0], window)
    axes[3].set_title("coronal", color="white", fontsize=10)
    figure.legend(
        handles=[Line2D([], [], color=colour, label=name) for name, colour in zip(masks, _COLOURS)],
        loc="outside lower center",
        ncols=len(masks),
        labelcolor="white",
        frameon=False,
    )
    if title:
        figure.suptitle(title, color="white")
    Path(output_file).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output_file, dpi=90)


def _load(file: PathLike) -> tuple[np.ndarray, tuple[float, ...]]:
    """The voxels, with axes towards the patient's left, front and head, and their size in mm."""
    image = nib.as_closest_canonical(nib.load(file))  # axes towards right, front and head
    return np.asarray(image.dataobj)[::-1], tuple(float(size) for size in image.header.get_zooms()[:3])


def _slices_to_show(mask: np.ndarray) -> tuple[list[int], int]:
    """Axial slices at a fifth, a half and four fifths of the mask's extent, and its widest coronal one."""
    if not mask.any():
        return [mask.shape[2] // 4, mask.shape[2] // 2, 3 * mask.shape[2] // 4], mask.shape[1] // 2
    extent = np.flatnonzero(mask.any(axis=(0, 1)))
    axial = [int(extent[int(share * (len(extent) - 1))]) for share in (0.2, 0.5, 0.8)]
    return axial, int(mask.sum(axis=(0, 2)).argmax())


def _draw(ax: Axes, plane: np.ndarray, masks: Sequence[np.ndarray], aspect: float, window: Sequence[float]) -> None:
    ax.imshow(plane.T, cmap="gray", vmin=window[0], vmax=window[1], origin="lower", aspect=aspect)
    for mask, colour in zip(masks, _COLOURS):
        if mask.any():
            ax.contour(mask.T, levels=[0.5], colors=colour, linewidths=1.2)
    for side, x in (("R", 0.02), ("L", 0.94)):
        ax.text(x, 0.5, side, color="white", transform=ax.transAxes, fontsize=11)
    ax.set_axis_off()
