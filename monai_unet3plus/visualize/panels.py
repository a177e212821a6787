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
"""What pictures of CTs with outlines of masks are put together from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from monai.config import PathLike

from ..files import replacing

__all__ = ["LineStyle", "add_legend", "draw_outlines", "make_panels", "save_figure", "show_plane"]

LineStyle = Literal["solid", "dashed", "dotted", "dashdot"]

_COLOURS = ("#3ddc84", "#ff4fa3", "#ffb000", "#40c4ff")
_WIDTHS = (2.8, 1.3, 1.3, 1.3)  # the first, usually the truth, stays visible below one that agrees with it
_PANEL_INCHES = 4.0
_EDGE = [withStroke(linewidth=3, foreground="black")]  # keeps letters legible on bone
_TEXT_INCHES = 1.1  # title, titles of panels and legend
_DPI = 110


def make_panels(number: int, proportion: float) -> tuple[Figure, list[Axes]]:
    """
    A black figure with panels side by side.

    Args:
        number: of panels.
        proportion: height of the highest plane that will be shown over its width.
    """
    size = (number * _PANEL_INCHES, _PANEL_INCHES * min(max(proportion, 0.5), 1.5) + _TEXT_INCHES)
    figure = Figure(figsize=size, facecolor="black", layout="constrained")
    return figure, list(figure.subplots(1, number, squeeze=False)[0])


def show_plane(ax: Axes, plane: np.ndarray, aspect: float, window: Sequence[float], title: str) -> None:
    """
    Show an axial or coronal plane as radiologists are used to: the patient's right on the left side.

    Args:
        ax: panel to draw in.
        plane: grey values, first axis towards the patient's right, second towards the front or the head.
        aspect: size of a pixel along the second axis over that along the first.
        window: values shown as black and white.
        title: text above the panel.
    """
    ax.imshow(plane[::-1].T, cmap="gray", vmin=window[0], vmax=window[1], origin="lower", aspect=aspect)
    for side, x in (("R", 0.02), ("L", 0.94)):
        ax.text(x, 0.5, side, color="white", transform=ax.transAxes, fontsize=12, path_effects=_EDGE)
    ax.set_title(title, color="white", fontsize=10)
    ax.set_axis_off()


def draw_outlines(ax: Axes, masks: Sequence[np.ndarray], linestyle: LineStyle = "solid") -> None:
    """
    Outline masks in a panel, each in a colour of its own.

    Args:
        ax: panel with a plane.
        masks: planes like that of the panel, at most four.
        linestyle: of the outlines. Defaults to "solid".
    """
    for mask, colour, width in zip(masks, _COLOURS, _WIDTHS):
        if mask.any():
            ax.contour(mask[::-1].T, levels=[0.5], colors=colour, linewidths=width, linestyles=linestyle)


def add_legend(figure: Figure, names: Sequence[str], linestyles: Mapping[str, LineStyle] | None = None) -> None:
    """
    Say below the panels which outline is which.

    Args:
        figure: with panels.
        names: of the masks, in the order of :py:func:`draw_outlines`.
        linestyles: what a line style stands for, by name. Defaults to None, there is one style only.
    """
    handles = [Line2D([], [], color=c, linewidth=w, label=name) for name, c, w in zip(names, _COLOURS, _WIDTHS)]
    for name, linestyle in (linestyles or {}).items():
        handles.append(Line2D([], [], color="white", linestyle=linestyle, label=name))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), labelcolor="white", frameon=False)


def save_figure(figure: Figure, output_file: PathLike, title: str = "") -> None:
    """
    Write a figure, whole or not at all.

    Args:
        figure: with panels.
        output_file: PNG to write.
        title: text above the panels. Defaults to none.
    """
    if title:
        figure.suptitle(title, color="white")
    with replacing(output_file) as path:
        figure.savefig(path, dpi=_DPI)
