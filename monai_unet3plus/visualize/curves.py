# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Curves of trainings as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from monai.config import PathLike

from ..utils.files import replacing

__all__ = ["save_curves", "save_training_curves"]


def save_curves(rows: Sequence[Mapping[str, str]], output_file: PathLike) -> None:
    """
    Draw the course of a training: the loss and its parts on the left, metrics on the right.

    Args:
        rows: one per epoch, with the column "epoch", metrics in columns whose name begins with ``train_`` or ``val_``,
            and losses in the other ones. A value may be missing or empty.
        output_file: PNG to write.
    """
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "epoch"]
    metrics = [name for name in names if name.startswith(("train_", "val_"))]
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = (("loss", [name for name in names if name not in metrics]), ("metric", metrics))
    for ax, (title, columns) in zip(figure.subplots(1, 2), panels):
        for name in columns:
            points = [(int(row["epoch"]), float(row[name])) for row in rows if row.get(name)]
            marker = "o" if len(points) < 30 else None
            ax.plot(*zip(*points), label=name.replace("_", " "), marker=marker, markersize=3, linewidth=1.4)
        ax.set_xlabel("epoch")
        ax.set_ylabel(title)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        if columns:
            ax.legend(frameon=False)
    with replacing(output_file) as unfinished:
        figure.savefig(unfinished, dpi=110)


def save_training_curves(
    systems: Mapping[str, Sequence[Sequence[Sequence[float]]]], output_file: PathLike, columns: int = 4
) -> None:
    """
    Draw the training Dice of several systems, a panel for each and a line per training.

    Args:
        systems: for each system its trainings, each a list of step and Dice.
        output_file: PNG to write.
        columns: panels side by side. Defaults to 4.
    """
    rows = -(-len(systems) // columns)
    figure = Figure(figsize=(2.9 * columns, 0.4 + 1.9 * rows), layout="constrained")
    panels = iter(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for (name, trainings), ax in zip(systems.items(), panels):
        for curve, style in zip(trainings, ("-", "--", ":", "-.") * len(trainings)):
            ax.plot([step for step, _ in curve], [dice for _, dice in curve], style, color="black", linewidth=1)
        ax.set_title(name, fontsize=7.5)
        ax.set_ylim(0, 1)
        ax.grid(alpha=0.3)
    for ax in panels:  # those left over
        ax.set_axis_off()
    figure.supxlabel("step")
    figure.supylabel("Dice of the training slabs")
    with replacing(output_file) as unfinished:
        figure.savefig(unfinished, dpi=110)
