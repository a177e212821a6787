# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy over cost as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from monai.config import PathLike

from ..utils.files import replacing

__all__ = ["CostPoint", "save_costs"]

_MARKERS = ("o", "s", "^", "D")
_SHADES = ("white", "black", "0.6", "white")
# Places for a name, in points from its marker, the first that is free is taken.
_SIDES = ((1, 0.3), (1, -0.3), (-1, 0.3), (-1, -0.3), (0.2, 1), (0.2, -1), (-0.2, 1), (-0.2, -1))
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_PLACES = [(x * far, y * far) for far in (8, 16, 26, 38, 52, 68, 86) for x, y in _SIDES + _CORNERS]


class CostPoint(NamedTuple):
    """
    A system in the picture.

    Args:
        name: to be written beside it.
        group: of the systems that share a marker.
        gflop: of a slice.
        dice: mean.
        interval: lowest and highest Dice of its interval.
    """

    name: str
    group: str
    gflop: float
    dice: float
    interval: tuple[float, float]


def save_costs(points: Sequence[CostPoint], output_file: PathLike) -> None:
    """
    Draw accuracy over cost, in black and grey, with the names at the points.

    Args:
        points: of the systems, in at most four groups.
        output_file: PNG to write.
    """
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    groups = list(dict.fromkeys(point.group for point in points))
    for group, marker, shade in zip(groups, _MARKERS, _SHADES):
        shown = [point for point in points if point.group == group]
        gflop, dice = [point.gflop for point in shown], [point.dice for point in shown]
        ends = [[p.dice - p.interval[0] for p in shown], [p.interval[1] - p.dice for p in shown]]
        ax.errorbar(gflop, dice, yerr=ends, fmt="none", ecolor="0.7", elinewidth=1, capsize=2.5, zorder=1)
        style: dict[str, Any] = {
            "color": "black",
            "markerfacecolor": shade,
            "linestyle": "none",
            "markersize": 7,
            "zorder": 3,
        }
        ax.plot(gflop, dice, marker, label=group, **style)
    ax.set_xscale("log")
    for axis_formatter in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        axis_formatter("{x:g}")
    ax.margins(x=0.12)
    ax.set_xlabel("GFLOP per slice")
    ax.set_ylabel("Dice, mean over patients and seeds, with its 95 % interval")
    ax.grid(alpha=0.25, which="both")
    ax.legend(frameon=False, loc="lower right")
    figure.draw_without_rendering()
    _name(ax, points)
    with replacing(output_file) as unfinished:
        figure.savefig(unfinished, dpi=130)


def _name(ax: Axes, points: Sequence[CostPoint]) -> None:
    """Write each name where it covers no other name and no marker."""
    taken, renderer = [], ax.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    for point in points:
        x, y = ax.transData.transform((point.gflop, point.dice))
        taken.append(Bbox.from_bounds(x - 6, y - 6, 12, 12))
    for point in points:
        for place in _PLACES:
            text = ax.annotate(
                point.name,
                (point.gflop, point.dice),
                place,
                textcoords="offset points",
                fontsize=8,
                ha="left" if place[0] > 0 else "right",
                va="center",
                arrowprops={"arrowstyle": "-", "color": "0.4", "linewidth": 0.6, "shrinkB": 3},
                zorder=4,
            )
            text.update_positions(renderer)
            box = Text.get_window_extent(text, renderer).padded(1)  # without its line to the marker
            inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1
            if (inside and not any(box.overlaps(other) for other in taken)) or place == _PLACES[-1]:
                taken.append(box)
                break
            text.remove()
