# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The tables of a comparison, as Markdown and CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...utils.files import replacing
from .cost import Cost
from .paper import PaperRow, paper_row
from .scores import Difference, OrganScores, compare_cases

__all__ = ["Result", "write_page", "write_table"]

_TITLES = {
    1: "Table 1: architectures and backbones",
    2: "Table 2: state of the art, losses and the classification-guided module",
    0: "Systems that the paper does not have",
}


@dataclass(frozen=True)
class Result:
    """
    The results of one system.

    Args:
        system: name of its config.
        loss: in words.
        parameters: their number.
        cost: of a slice.
        scores: by organ.
    """

    system: str
    loss: str
    parameters: int
    cost: Cost
    scores: Mapping[str, OrganScores]

    @property
    def paper(self) -> PaperRow:
        """The system's row in the paper's tables."""
        return paper_row(self.system)


def write_page(
    results: Sequence[Result], organs: Sequence[str], settings: Sequence[str], notes: Sequence[str], path: Path
) -> None:
    """
    Write all tables into one Markdown file.

    Args:
        results: of the systems.
        organs: names of the organs.
        settings: lines about the settings of the runs.
        notes: lines about limits of the comparison, and about failures.
        path: file to write.
    """
    lines = ["# Comparison", "", *settings, ""]
    for table, title in _TITLES.items():
        rows = _of_table(results, table)
        if rows:
            lines += [f"## {title}", "", *_markdown(rows, results, organs), ""]
    lines += ["## How to read it", "", *_HOW, *notes, ""]
    with replacing(path) as unfinished:
        unfinished.write_text("\n".join(lines), encoding="utf-8")


def write_table(results: Sequence[Result], organs: Sequence[str], table: int, path: Path) -> None:
    """
    Write one table as CSV, a row per system and organ; unknown values are blank.

    Args:
        results: of all systems.
        organs: names of the organs.
        table: the paper's table, 1 or 2; 0 for systems that it does not have.
        path: file to write.
    """
    header = ["system", "title", "loss", "parameters", "gflop", "slices_per_second", "peak_mib", "organ", "dice"]
    header += ["dice_std_over_seeds", "reference", "dice_difference", "wilcoxon_p", "cases", "over_segmentation"]
    header += ["paper_parameters_million", "paper_dice"]
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for result in _of_table(results, table):
            cost, paper = result.cost, result.paper
            first = [result.system, paper.title, result.loss, result.parameters, f"{cost.gflop:.4g}"]
            first += [f"{cost.slices_per_second:.4g}", f"{cost.peak_bytes / 2**20:.4g}"]
            for organ in organs:
                scores, difference = result.scores.get(organ), _difference(result, results, organ)
                row = ["", "", "", "", "", ""] if scores is None else [
                    f"{scores.mean_dice:.4f}",
                    _number(scores.spread_over_seeds, ".4f"),
                    paper.reference if difference else "",
                    _number(None if difference is None else difference.mean, ".4f"),
                    _number(None if difference is None else difference.p, ".4g"),
                    len(scores.dice_of_cases()),
                ]  # fmt: skip
                over = _number(None if scores is None else scores.mean_over_segmentation, ".4f")
                figures = [_number(paper.parameters, ".2f"), _number(paper.dice.get(organ), ".4f")]
                writer.writerow([*first, organ, *row, over, *figures])


_HOW = [
    "- Dice: mean over cases, then mean ± standard deviation over seeds. In brackets the mean difference to UNet 3+ "
    "of the same table and backbone, case by case, and the p of Wilcoxon's signed-rank test over cases; a row without "
    "brackets is that UNet 3+, or it was not run. Many p are looked at here: one under 0.05 is no proof.",
    "- Over-segmented: share of slices without the organ in which a voxel of it is found.",
    "- GFLOP, slices/s and memory: inference on one slice of the size named above, float32, batch norm folded where "
    "that is possible; GFLOP as PyTorch counts them, memory the most that tensors hold at once beyond weights "
    "and input.",
    "- The paper's figures are of other data, at full width and to the end of training: beside ours for orientation "
    "only.",
]


def _markdown(rows: Sequence[Result], results: Sequence[Result], organs: Sequence[str]) -> list[str]:
    header = ["system", "loss", "parameters", "GFLOP", "slices/s", "memory"]
    for organ in organs:
        header += [f"{organ}: Dice", "over-segmented"]
    header += ["paper: parameters", *(f"paper: Dice, {organ}" for organ in organs)]
    lines = [_line(header), "|" + "---|" * len(header)]
    for result in rows:
        cost, paper = result.cost, result.paper
        cells = [paper.title, result.loss, f"{result.parameters / 1e6:.2f} M", f"{cost.gflop:.3g}"]
        cells += [f"{cost.slices_per_second:.3g}", f"{cost.peak_bytes / 2**20:.0f} MiB"]
        for organ in organs:
            scores = result.scores.get(organ)
            cells.append("not evaluated" if scores is None else _dice(scores, _difference(result, results, organ)))
            over = None if scores is None else scores.mean_over_segmentation
            cells.append("" if over is None else f"{over:.1%}")
        cells.append("" if paper.parameters is None else f"{paper.parameters:.2f} M")
        cells += [_number(paper.dice.get(organ), ".4f") for organ in organs]
        lines.append(_line(cells))
    return lines


def _dice(scores: OrganScores, difference: Difference | None) -> str:
    text = f"{scores.mean_dice:.3f}"
    if scores.spread_over_seeds is not None:
        text += f" ± {scores.spread_over_seeds:.3f}"
    if difference is not None:
        text += f" ({difference.mean:+.3f}" + ("" if difference.p is None else f", p {difference.p:.2g}") + ")"
    return text


def _difference(result: Result, results: Sequence[Result], organ: str) -> Difference | None:
    """To the UNet 3+ that the system is compared with, if that was run."""
    for other in results:
        if other.system == result.paper.reference != result.system and organ in other.scores and organ in result.scores:
            return compare_cases(result.scores[organ], other.scores[organ])
    return None


def _of_table(results: Sequence[Result], table: int) -> list[Result]:
    return [result for result in results if (table in result.paper.tables if table else not result.paper.tables)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, pattern: str) -> str:
    return "" if value is None else format(value, pattern)
