# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of a comparison: tables, answers and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...utils.files import replacing
from ...visualize import CostPoint, save_costs, save_training_curves
from .answers import answer_questions, summarize
from .paper import paper_row
from .results import Result, collect
from .settings import Settings
from .statistics import Scores, compare_patients
from .training import Training

__all__ = ["write_pages"]

_TITLES = {
    1: "Table 1: architectures and backbones",
    2: "Table 2: state of the art, losses and the classification-guided module",
    0: "Systems that the paper does not have",
}
_RESNET = "ResNet-101"
_LEARNED = 0.8  # Dice of its own training data, below which a system is named
_RISING = 0.03  # rise of that Dice near the end, above which a system is named

_HOW = """- Dice: computed for each whole scan, on the pixels of its file and in the slices that were kept. The table
  gives the mean over patients and seeds, ± the standard deviation over seeds, and the 95 % interval of the mean from a
  bootstrap over patients and seeds. Several scans of a patient count as one.
- Difference: mean difference from UNet 3+ of the same table and backbone, patient by patient, with its 95 % interval.
  By chance, one in twenty such intervals does not contain the true difference, and this page has many of them.
- At the same learning rate: this difference with the first seed where both systems are trained with that rate. The
  rates of the other columns were chosen for each system by two patients, which leaves something to chance.
- Over-segmented: share of the slices without the organ in which the mask has a voxel of it. Missed: share of the slices
  with the organ in which the mask has none.
- GFLOP: operations of inference on one slice, as PyTorch counts them, with batch norm folded. UNet 3+ computes its
  full-scale connections at low resolution, which takes fewer.
- The paper's Dice is from other data, and from networks that are at least eight times as wide and fully trained."""


def write_pages(
    settings: Settings, records: Mapping[Training, Mapping[str, Any]], bundle: Path, output_dir: Path
) -> None:
    """Write results.md, and comparison.png and comparison_curves.png in the folder images."""
    results = collect(settings, records, bundle)
    images = output_dir / "images"
    images.mkdir(parents=True, exist_ok=True)
    if results:
        save_costs([_point(result) for result in results], images / "comparison.png")
        save_training_curves({r.paper.title: r.curves for r in results}, images / "comparison_curves.png")
    with replacing(output_dir / "results.md") as unfinished:
        unfinished.write_text("\n".join(_page(settings, results)) + "\n", encoding="utf-8")


def _point(result: Result) -> CostPoint:
    dice, name = result.scores["dice"], result.paper.title.removesuffix(f", {_RESNET}")
    backbone = _RESNET if name != result.paper.title else "plain encoder"
    group = backbone if "UNet" in name and "Attention" not in name else "other networks"
    return CostPoint(name, group, result.gflop, dice.mean, dice.interval)


def _page(settings: Settings, results: Sequence[Result]) -> list[str]:
    answers = answer_questions(results, settings.organ)
    lines = ["# Results", "", summarize(answers), "", *_setting(settings, results), ""]
    if not results:
        return [*lines, "No training is finished."]
    lines += ["![Dice over GFLOP per slice](images/comparison.png)", "", "## Answers", ""]
    for answer in answers:
        lines += [f"### {answer.question}", "", answer.sentences, "", *answer.table, *([""] if answer.table else [])]
    for table, title in _TITLES.items():
        rows = [r for r in results if (table in r.paper.tables if table else not r.paper.tables)]
        if rows:
            lines += [f"## {title}", "", *_table(rows, results, settings.organ), ""]
    lines += ["## How to read the tables", "", _HOW, "", *_learned(settings, results)]
    return lines


def _setting(settings: Settings, results: Sequence[Result]) -> list[str]:
    cases, patients = ([len(of) for of in groups] for groups in (settings.splits, _patients(settings)))
    seeds = sorted({len(result.curves) for result in results})
    devices = sorted({device for result in results for device in result.devices})
    missing = [paper_row(name).title for name in settings.systems if name not in {r.system for r in results}]
    return [
        "`python -m monai_unet3plus.compare` writes this page with the settings of [comparison.json](comparison.json). "
        "[comparison.md](comparison.md) explains the command and the systems.",
        "",
        f"- Data: CTs of the {settings.organ}. {cases[0]} scans of {patients[0]} patients are for training, "
        f"{cases[1]} of {patients[1]} for the choice of the learning rate, {cases[2]} of {patients[2]} for the test. "
        f"{settings.note}",
        f"- Input: three neighbouring slices, {settings.size} x {settings.size} pixels of {settings.pixel_size:g} mm; "
        f"a window of {settings.window[0]:g} to {settings.window[1]:g} HU in steps of {settings.hu_step:g} HU; at most "
        f"{settings.max_slices} slices of a scan, evenly spaced.",
        f"- Width: `features` are {settings.features} in all systems.",
        f"- Training: Adam, {settings.steps} steps with {settings.steps * settings.batch_size:,} slabs in all. With "
        "the same seed, all systems see the same slabs in the same order. The learning rate of each system was chosen "
        f"from {', '.join(f'{rate:g}' for rate in sorted(settings.learning_rates))} with the first seed. The weights "
        "after the last step are tested.",
        f"- Seeds per system: {' to '.join(map(str, sorted({*seeds[:1], *seeds[-1:]}))) or 'none'}. "
        f"Trained on: {', '.join(devices) or 'nothing'}.",
        *([f"- Not trained yet: {'; '.join(missing)}."] if missing else []),
    ]


def _patients(settings: Settings) -> list[set[str]]:
    return [{settings.patient(name) for name in names} for names in settings.splits]


def _table(rows: Sequence[Result], results: Sequence[Result], organ: str) -> list[str]:
    header = [
        "system",
        "loss",
        "parameters",
        "GFLOP",
        "Dice",
        "95 % interval",
        "difference",
        "over-segmented",
        "missed",
    ]
    header += ["paper: parameters", "paper: Dice"]
    lines = [_line(header), "|" + "---|" * len(header)]
    for row in rows:
        dice, paper = row.scores["dice"], row.paper
        cells = [paper.title, row.loss, f"{row.parameters / 1e6:.2f} M", f"{row.gflop:.2f}", _mean(dice)]
        cells += [_interval(dice.interval, ".3f"), _difference(row, results)]
        cells += [f"{row.scores[name].mean:.1%}" for name in ("over_segmented", "missed")]
        cells.append("" if paper.parameters is None else f"{paper.parameters:.2f} M")
        cells.append(f"{paper.dice[organ]:.4f}" if organ in paper.dice else "")
        lines.append(_line(cells))
    return lines


def _learned(settings: Settings, results: Sequence[Result]) -> list[str]:
    """The curves, the Dice on the training data, and how the learning rates were chosen."""
    rates = sorted(settings.learning_rates)
    header = ["system", *(f"validation Dice at {rate:g}" for rate in rates), "chosen", "training Dice"]
    lines = ["## Training", "", "![Dice of the training slabs](images/comparison_curves.png)", ""]
    lines += [_line(header), "|" + "---|" * len(header)]
    for result in results:
        dice = [f"{result.choosing[rate]:.3f}" for rate in rates]
        lines.append(_line([result.paper.title, *dice, f"{result.learning_rate:g}", f"{result.training_dice:.3f}"]))
    low = [result.paper.title for result in results if result.training_dice < _LEARNED]
    lines += ["", "Training Dice: mean Dice of the slabs in the last tenth of the training, over all seeds."]
    lines += [f"Systems below {_LEARNED:g}: {', '.join(low) or 'none'}."]
    rising = [result.paper.title for result in results if result.last_rise > _RISING]
    lines.append(
        f"Systems whose training Dice rose by more than {_RISING:g} from the third quarter of the steps to the last, "
        f"so more steps may make them better: {', '.join(rising) or 'none'}."
    )
    edge = [result.paper.title for result in results if result.learning_rate in (rates[0], rates[-1])]
    lines.append(
        "Systems for which the lowest or the highest learning rate was chosen, so a rate beyond it may be better: "
        f"{', '.join(edge) or 'none'}."
    )
    return lines


def _mean(scores: Scores) -> str:
    return f"{scores.mean:.3f}" + ("" if scores.spread is None else f" ± {scores.spread:.3f}")


def _difference(row: Result, results: Sequence[Result]) -> str:
    for other in results:
        if other.system == row.paper.reference != row.system:
            difference = compare_patients(row.scores["dice"], other.scores["dice"])
            return f"{difference.mean:+.3f} ({_interval(difference.interval, '+.3f')})"
    return ""


def _interval(interval: tuple[float, float], pattern: str) -> str:
    return " to ".join(format(value, pattern) for value in interval)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
