# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy over cost as a picture."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from monai.config import PathLike

from ..utils.files import replacing

__all__ = ["save_costs"]

_MARKERS = "osD^vP*X<>"


def save_costs(
    systems: Mapping[str, tuple[float, Mapping[str, tuple[float, float | None]]]], output_file: PathLike
) -> None:
    """
    Draw accuracy over cost, one panel per organ and one colour per system.

    Args:
        systems: for each system its GFLOP, and by organ the mean Dice and its standard deviation over seeds, None
            where there is none.
        output_file: PNG to write.
    """
    organs = list(dict.fromkeys(organ for _, scores in systems.values() for organ in scores))
    figure = Figure(figsize=(1 + 4.6 * len(organs), 5.4), layout="constrained")
    panels = figure.subplots(1, len(organs), squeeze=False)[0]
    for ax, organ in zip(panels, organs):
        for place, (name, (gflop, scores)) in enumerate(systems.items()):
            if organ in scores:
                dice, spread = scores[organ]
                style = {"fmt": _MARKERS[place // 10 % len(_MARKERS)], "color": f"C{place % 10}", "capsize": 3}
                ax.errorbar(gflop, dice, yerr=spread, label=name, markersize=6, **style)
        ax.set_xscale("log")
        ax.set_title(organ)
        ax.set_xlabel("GFLOP per slice")
        ax.grid(alpha=0.3)
    panels[0].set_ylabel("Dice, mean ± standard deviation over seeds")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    with replacing(output_file) as unfinished:
        figure.savefig(unfinished, dpi=110)
