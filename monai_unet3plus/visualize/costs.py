# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy over cost as a picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from monai.config import PathLike

from ..utils.files import replacing

__all__ = ["CostPoint", "save_costs"]

_MARKERS = ("o", "s", "^", "D")
_SHADES = ("white", "black", "0.6", "white")
# Places for a name, in points from its marker, the first that is free is taken.
_NEAR = 8
_SIDES = ((1, 0.3), (1, -0.3), (-1, 0.3), (-1, -0.3), (0.2, 1), (0.2, -1), (-0.2, 1), (-0.2, -1))
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_PLACES = [(x * far, y * far) for far in (_NEAR, 16, 26, 38, 52, 68, 86) for x, y in _SIDES + _CORNERS]
_BESIDE = 7.5  # points of type between markers side by side
_LINE = 11.5  # between two names of a column
_COLUMN = 3  # crowded markers from which on their names stand in a column


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

    Points of nearly the same cost are drawn side by side, the lowest Dice at the left, so that no marker or interval
    hides another. The names of the most expensive ones stand in a column beside them if they are three or more.

    Args:
        points: of the systems, in at most four groups.
        output_file: PNG to write.
    """
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    styles = _group_styles(points)
    for group, style in styles.items():
        ax.plot([], [], label=group, **style)
    ax.set_xscale("log")
    for axis_formatter in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        axis_formatter("{x:g}")
    costs = [point.gflop for point in points]
    ends = [end for point in points for end in point.interval]
    spread = max(max(costs) / min(costs), 1.5)
    ax.set_xlim(min(costs) / spread**0.1, max(costs) * spread**0.6)  # names stand at the right
    ax.set_ylim(min(ends) - 0.02, max(ends) + 0.02)
    ax.set_xlabel("GFLOP per slice (systems with nearly the same are side by side)")
    ax.set_ylabel("Dice, mean over patients and seeds, with its 95 % interval")
    ax.grid(alpha=0.25, which="both")
    ax.legend(frameon=False, loc="lower right")
    figure.draw_without_rendering()  # places are known from here on
    crowds = _place_beside(ax, points)
    for point in itertools.chain(*crowds):
        error = [[point.dice - point.interval[0]], [point.interval[1] - point.dice]]
        bar: dict[str, Any] = {"fmt": "none", "ecolor": "0.7", "elinewidth": 1, "capsize": 2.5, "zorder": 1}
        ax.errorbar([point.gflop], [point.dice], yerr=error, **bar)
        ax.plot([point.gflop], [point.dice], **styles[point.group])
    _name(ax, crowds)
    with replacing(output_file) as unfinished:
        figure.savefig(unfinished, dpi=130)


def _group_styles(points: Sequence[CostPoint]) -> dict[str, dict[str, Any]]:
    groups = dict.fromkeys(point.group for point in points)
    return {
        group: {
            "marker": marker,
            "color": "black",
            "markerfacecolor": shade,
            "linestyle": "none",
            "markersize": 7,
            "zorder": 3,
        }
        for group, marker, shade in zip(groups, _MARKERS, _SHADES)
    }


def _place_beside(ax: Axes, points: Sequence[CostPoint]) -> list[list[CostPoint]]:
    """The points where they are drawn: crowds of nearly the same cost from left to right, the lowest Dice first."""
    step, crowds = _BESIDE * ax.figure.dpi / 72, list[list[CostPoint]]()
    left = lambda point: float(ax.transData.transform((point.gflop, point.dice))[0])  # noqa: E731
    for point in sorted(points, key=left):
        if crowds and left(point) - left(crowds[-1][-1]) < step:
            crowds[-1].append(point)
        else:
            crowds.append([point])
    crowds = [sorted(crowd, key=lambda point: point.dice) for crowd in crowds]
    middles = [fmean(map(left, crowd)) for crowd in crowds for _ in crowd]
    gflop = (float(ax.transData.inverted().transform((x, 0))[0]) for x in _space_apart(middles, step))
    return [[point._replace(gflop=next(gflop)) for point in crowd] for crowd in crowds]


def _space_apart(values: Sequence[float], gap: float) -> list[float]:
    """The places nearest to ascending values of which each is a gap or more above the one before."""
    blocks = list[tuple[float, int]]()  # the mean of neighbours that touch, less their gaps, and their number
    for place, value in enumerate(values):
        mean, number = value - place * gap, 1
        while blocks and blocks[-1][0] > mean:
            below, more = blocks.pop()
            mean, number = (mean * number + below * more) / (number + more), number + more
        blocks.append((mean, number))
    levels = [mean for mean, number in blocks for _ in range(number)]
    return [level + place * gap for place, level in enumerate(levels)]


def _name(ax: Axes, crowds: Sequence[Sequence[CostPoint]]) -> None:
    """Write each name where it covers no other name and no marker."""
    taken, renderer = [], ax.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    for point in itertools.chain(*crowds):
        x, y = ax.transData.transform((point.gflop, point.dice))
        taken.append(Bbox.from_bounds(x - 6, y - 6, 12, 12))
    column = crowds[-1] if len(crowds[-1]) >= _COLUMN else []
    for point, place in zip(column, _column_places(ax, column)):
        taken.append(_measure(_write(ax, point, place), renderer))
    for point in itertools.chain(*(crowd for crowd in crowds if crowd is not column)):
        for place in _PLACES:
            text = _write(ax, point, place)
            box = _measure(text, renderer)
            inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1
            if (inside and not any(box.overlaps(other) for other in taken)) or place == _PLACES[-1]:
                taken.append(box)
                break
            text.remove()


def _column_places(ax: Axes, crowd: Sequence[CostPoint]) -> list[tuple[float, float]]:
    """Places of names below each other at the right of their markers, near their heights."""
    seen = [ax.transData.transform((point.gflop, point.dice)) * 72 / ax.figure.dpi for point in crowd]
    heights = _space_apart([y for _, y in seen], _LINE)
    return [(seen[-1][0] + 20 - x, height - y) for height, (x, y) in zip(heights, seen)]


def _measure(text: Annotation, renderer: Any) -> Bbox:
    """The box of a name without its line to the marker."""
    text.update_positions(renderer)
    return Text.get_window_extent(text, renderer).padded(1)


def _write(ax: Axes, point: CostPoint, place: tuple[float, float]) -> Annotation:
    """Write a point's name at a place, in points from its marker, with a line to it unless it is near."""
    side = "left" if place[0] > 0 else "right"
    line: dict[str, Any] = {"arrowstyle": "-", "color": "0.4", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 4}
    line["relpos"] = (0.0 if side == "left" else 1.0, 0.5)
    return ax.annotate(
        point.name,
        (point.gflop, point.dice),
        place,
        textcoords="offset points",
        fontsize=8,
        ha=side,
        va="center",
        arrowprops=line if max(map(abs, place)) > _NEAR else None,
        zorder=4,
    )
