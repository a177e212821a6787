# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Panels of pictures: windowed CT slices with outlines of masks."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from monai.config import PathLike

from ..utils.files import replacing

__all__ = [
    "AXIAL",
    "CORONAL",
    "SAGITTAL",
    "ORIENTATION_NOTE",
    "WIDTHS_OF_PAIRS",
    "LineStyle",
    "Plane",
    "add_legend",
    "get_colour",
    "draw_outlines",
    "make_panels",
    "save_figure",
    "show_plane",
]

logger = logging.getLogger(__name__)

LineStyle = Literal["solid", "dashed", "dotted", "dashdot"]
T = TypeVar("T")

ORIENTATION_NOTE = "the patient's right (R) is on the left"
WIDTHS_OF_PAIRS = (2.8, 1.3)  # the first, usually the truth, stays visible below one that agrees with it

_COLOURS = ("#3ddc84", "#ff4fa3", "#ffb000", "#40c4ff", "#b388ff", "#ff6e40", "#eeff41", "#64ffda")
_EDGE = [withStroke(linewidth=3, foreground="black")]  # keeps letters and bars legible on bone
_BARS_MM = (100, 50, 20, 10, 5, 2, 1)

_WIDTH_INCHES = 11.0
_MOST_INCHES_PER_MM = 0.03
_PANEL_INCHES = 2.6  # height of the text above a panel
_GAP_INCHES, _TEXT_INCHES, _LEGEND_INCHES = 0.1, 0.3, 0.35
_LETTERS_INCHES, _BAR_INCHES = 0.5, 1.2  # lower panels have no room for letters above each other, or for a bar
_DPI = 110


@dataclass(frozen=True)
class Plane:
    """
    A way to cut a volume whose axes go towards the patient's right, front and head.

    Args:
        name: the radiologists' name.
        axis: the one across it.
        sides: of the patient on the left, the right, the top and the bottom of a picture.
    """

    name: str
    axis: int
    sides: str

    def cut(self, volume: np.ndarray, index: int) -> np.ndarray:
        """The slice of a volume, first axis from the picture's right to its left, second to its top."""
        whole = (slice(None),) * self.axis
        return volume[whole + (index,)]  # `take` copies a volume that does not lie row by row

    def pick(self, values: Sequence[T]) -> tuple[T, T]:
        """Of values for the volume's axes those for the slice's."""
        first, second = (value for axis, value in enumerate(values) if axis != self.axis)
        return first, second

    def caption(self, index: int, shape: Sequence[int], affine: np.ndarray) -> str:
        """
        Where a slice lies, as viewers say it, such as "axial, slice 12 of 60, S 35 mm".

        Args:
            index: of the slice.
            shape: of the volume.
            affine: from the volume's voxels to mm, axes towards right, front and head.
        """
        centre = [(size - 1) / 2 for size in shape]
        centre[self.axis] = index
        place = float((affine @ [*centre, 1.0])[self.axis])
        side = ("RAS" if place >= 0 else "LPI")[self.axis]
        return f"{self.name}, slice {index + 1} of {shape[self.axis]}, {side} {abs(place):.0f} mm"


AXIAL = Plane("axial", 2, "RLAP")
CORONAL = Plane("coronal", 1, "RLSI")
SAGITTAL = Plane("sagittal", 0, "APSI")


def get_colour(position: int) -> str:
    """
    The colour that a mask is outlined in.

    Args:
        position: of the mask in its picture; from the ninth on colours come again.
    """
    return _COLOURS[position % len(_COLOURS)]


def make_panels(rows: Sequence[Sequence[tuple[float, float]]], title: str = "") -> tuple[Figure, list[list[Axes]]]:
    """
    A black figure with rows of panels, all on one scale, so that the picture has the patient's proportions.

    Args:
        rows: width and height in mm of the area that each panel will show.
        title: text above the panels. Defaults to none.
    """
    title_inches = _TEXT_INCHES if title else 0.0
    scale = min(
        _MOST_INCHES_PER_MM,
        *((_WIDTH_INCHES - _GAP_INCHES * (len(row) + 1)) / sum(width for width, _ in row) for row in rows),
    )
    cells = [[max(width * scale, _PANEL_INCHES) + _GAP_INCHES for width, _ in row] for row in rows]
    heights = [max(height for _, height in row) * scale + _TEXT_INCHES + _GAP_INCHES for row in rows]
    size = (max(map(sum, cells)) + _GAP_INCHES, title_inches + sum(heights) + _LEGEND_INCHES)
    figure = Figure(figsize=size, facecolor="black")
    axes: list[list[Axes]] = []
    if title:
        y = 1 - 0.3 * _TEXT_INCHES / size[1]
        figure.suptitle(title, color="white", fontsize=11, y=y, va="top", parse_math=False)
    top = size[1] - title_inches
    for row, widths, height_of_row in zip(rows, cells, heights):
        left = _GAP_INCHES
        axes.append([])
        for (width, height), cell in zip(row, widths):
            bottom = top - _TEXT_INCHES - height * scale
            box = (left / size[0], bottom / size[1], width * scale / size[0], height * scale / size[1])
            axes[-1].append(figure.add_axes(box))
            left += cell
        top -= height_of_row
    return figure, axes


def show_plane(
    ax: Axes, grey: np.ndarray, pixel: tuple[float, float], window: Sequence[float], sides: str, title: str
) -> None:
    """
    Show a slice as radiologists are used to, with the patient's sides and a scale bar.

    Args:
        ax: panel to draw in, of the slice's proportions.
        grey: values, first axis from the picture's right to its left, second to its top.
        pixel: size of a pixel along these axes in mm.
        window: values shown as black and white.
        sides: see :py:class:`Plane`.
        title: text above the panel.
    """
    width, height = (number * size for number, size in zip(grey.shape, pixel))
    ax.imshow(
        grey[::-1].T,
        cmap="gray",
        vmin=window[0],
        vmax=window[1],
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        extent=(0, width, 0, height),
    )
    ax.set_axis_off()
    ax.annotate(title, (0, 1), (0, 4), "axes fraction", "offset points", color="white", fontsize=9, parse_math=False)
    left, right, top, bottom = list(sides)
    places = [(left, 0.02, 0.5, "left", "center"), (right, 0.98, 0.5, "right", "center")]
    inches = ax.get_window_extent().height / ax.figure.dpi
    if inches >= _LETTERS_INCHES:
        places += [(top, 0.5, 0.98, "center", "top"), (bottom, 0.5, 0.02, "center", "bottom")]
    if inches >= _BAR_INCHES:
        _draw_scale_bar(ax, width, height)
    for letter, x, y, horizontal, vertical in places:
        ax.text(
            x,
            y,
            letter,
            color="white",
            transform=ax.transAxes,
            fontsize=11,
            ha=horizontal,
            va=vertical,
            path_effects=_EDGE,
        )


def draw_outlines(
    ax: Axes,
    masks: Sequence[np.ndarray],
    pixel: tuple[float, float],
    linestyle: LineStyle = "solid",
    widths: Sequence[float] = (1.4,),
) -> None:
    """
    Outline masks in a panel, each in a colour of its own.

    Args:
        ax: panel with a slice.
        masks: slices like that of the panel.
        pixel: size of a pixel in mm.
        linestyle: of the outlines. Defaults to "solid".
        widths: of the outlines of the first masks; the last counts for all others. Defaults to (1.4,).
    """
    for position, mask in enumerate(masks):
        if mask.any():
            closed = np.pad(mask[::-1].T.astype(float), 1)  # also where it touches the border
            x, y = ((np.arange(-1, n + 1) + 0.5) * size for n, size in zip(mask.shape, pixel))
            width = widths[min(position, len(widths) - 1)]
            ax.contour(x, y, closed, levels=[0.5], colors=get_colour(position), linewidths=width, linestyles=linestyle)


def add_legend(
    figure: Figure, names: Sequence[str], linestyles: Mapping[str, LineStyle] | None = None, note: str = ""
) -> None:
    """
    Say below the panels which outline is which.

    Args:
        figure: with panels.
        names: of the masks, in the order of :py:func:`draw_outlines`.
        linestyles: the meaning of each line style, by name. Defaults to None, there is one style only.
        note: further text. Defaults to nothing.
    """
    handles = [Line2D([], [], color=get_colour(k), linewidth=2, label=name) for k, name in enumerate(names)]
    for name, linestyle in (linestyles or {}).items():
        handles.append(Line2D([], [], color="white", linestyle=linestyle, label=name))
    if note:
        handles.append(Line2D([], [], linestyle="none", label=note))
    legend = figure.legend(
        handles=handles, loc="lower left", ncols=max(len(handles), 1), labelcolor="white", frameon=False, fontsize=9
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def save_figure(figure: Figure, output_file: PathLike) -> None:
    """
    Write a figure, whole or not at all. A warning tells of one that can't be written.

    Args:
        figure: with panels.
        output_file: picture to write; its suffix says in which format, such as ".png" or ".webp".
    """
    picture = io.BytesIO()
    figure.savefig(picture, dpi=_DPI, format=Path(output_file).suffix[1:])
    try:
        with replacing(output_file) as unfinished:
            unfinished.write_bytes(picture.getvalue())
    except OSError as e:
        logger.warning("%s can't be written: %s", output_file, e.strerror)


def _draw_scale_bar(ax: Axes, width: float, height: float) -> None:
    length = next((mm for mm in _BARS_MM if mm <= 0.3 * width), None)
    if length is None:
        return
    x, y = 0.03 * width, 0.03 * height
    ax.plot([x, x + length], [y, y], color="white", linewidth=2, solid_capstyle="butt", path_effects=_EDGE)
    text = f"{length // 10} cm" if length >= 10 else f"{length} mm"
    ax.annotate(
        text, (x, y), (0, 4), textcoords="offset points", color="white", fontsize=8, path_effects=_EDGE, va="bottom"
    )
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
