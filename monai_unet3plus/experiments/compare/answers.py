# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The answer of a comparison to each claim of the paper, in sentences made from its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .results import Result
from .statistics import Difference, compare_patients

__all__ = ["Answer", "answer_questions", "summarize"]

_BACKBONES = {"": "plain", "_resnet101": "ResNet-101"}
# Questions, each with the paper's claims that one system is better than another: the other's name, and both systems.
_CLAIMS = {
    "Does UNet 3+ beat UNet++ and UNet?": [("UNet++", "unet3plus", "unetpp"), ("UNet", "unet3plus", "unet")],
    "Does deep supervision add?": [("no deep supervision", "unet3plus", "unet3plus_no_ds")],
    "Does the hybrid loss beat the focal loss?": [("focal loss", "unet3plus_hybrid", "unet3plus")],
}
_WORDS = {1: "yes", 0: "not shown, because the interval contains 0", -1: "no, the opposite was found"}


@dataclass(frozen=True)
class Answer:
    """
    Args:
        question: one of the paper's claims.
        sentences: the answer.
        table: Markdown lines of the figures.
        found: for each comparison with a claim of the paper, its name and 1 where the claim was found, 0 where no
            difference was shown, -1 where the opposite was found.
    """

    question: str
    sentences: str
    table: Sequence[str]
    found: Mapping[str, int]


def answer_questions(results: Sequence[Result], organ: str) -> list[Answer]:
    """
    Answer the five questions.

    Args:
        results: of the systems; a comparison of which one is missing is left out.
        organ: name of the organ, for the paper's figures.
    """
    by_name = {result.system: result for result in results}
    answers = [_compare(question, by_name, organ) for question in _CLAIMS]
    return [*answers, _guided(by_name, organ), _efficient(results)]


def summarize(answers: Sequence[Answer]) -> str:
    """The sentences that a page begins with: the claims of the paper that were confirmed, and those that were not."""
    found: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for answer in answers:
        for name, verdict in answer.found.items():
            found[verdict].append(name)
    counts = {verdict: len(names) for verdict, names in found.items()}
    lines = [
        f"{sum(counts.values())} comparisons test a claim of the paper. The claim is confirmed in {counts[1]} of them, "
        f"no difference is shown in {counts[0]}, and the opposite is found in {counts[-1]}.",
        "",
    ]
    titles = {-1: "The opposite is found", 0: "No difference is shown", 1: "Confirmed"}
    lines += [f"- **{title}**: {'; '.join(found[verdict])}." for verdict, title in titles.items() if found[verdict]]
    return "\n".join(lines)


def _compare(question: str, by_name: Mapping[str, Result], organ: str) -> Answer:
    table = [
        "| against | backbone | difference in Dice | 95 % interval | spread over seeds | the paper's | at the same "
        "learning rate |",
        "|" + "---|" * 7,
    ]
    found, sentences, unsure = {}, [], []
    for name, first, second in _CLAIMS[question]:
        for suffix, backbone in _BACKBONES.items():
            ours, other = by_name.get(first + suffix), by_name.get(second + suffix)
            if ours is None or other is None:
                continue
            difference = compare_patients(ours.scores["dice"], other.scores["dice"])
            figures = [result.paper.dice[organ] for result in (ours, other) if organ in result.paper.dice]
            papers = figures[0] - figures[1] if len(figures) == 2 else None
            alike = _compare_at_rates(ours, other)
            paper = "" if papers is None else f"{papers:+.4f}"
            rates = ", ".join(f"{value:+.3f} at {rate:g}" for rate, value in alike.items())
            table.append(f"| {name} | {backbone} | {_figures(difference)} | {paper} | {rates} |")
            found[f"{ours.paper.title} better than {other.paper.title}"] = difference.verdict
            also = " and the paper's difference" if _cannot_tell(difference, papers) else ""
            sentences.append(f"against {name}, {backbone} backbone: {_WORDS[difference.verdict]}{also}")
            if min(alike.values()) < 0 < max(alike.values()):
                unsure.append(f"{name}, {backbone} backbone")
    text = _sentence(sentences)
    if unsure:
        text += f" The sign of the difference depends on the learning rate in these comparisons: {'; '.join(unsure)}."
    return Answer(question, text, table if found else [], found)


def _cannot_tell(difference: Difference, papers: float | None) -> bool:
    """Whether the interval has both no difference and the paper's in it."""
    low, high = difference.interval
    return difference.verdict == 0 and papers is not None and low <= papers <= high


def _compare_at_rates(ours: Result, other: Result) -> dict[float, float]:
    """The difference in Dice with the first seed where both have the same learning rate, for each rate."""
    return {
        rate: compare_patients(scores, other.dice_at_rates[rate]).mean for rate, scores in ours.dice_at_rates.items()
    }


def _guided(by_name: Mapping[str, Result], organ: str) -> Answer:
    question = (
        "Does the classification-guided module lower over-segmentation of organ-free slices, and what does it cost?"
    )
    table = ["| compared | backbone | score | difference | 95 % interval | spread over seeds |", "|" + "---|" * 6]
    found, sentences = {}, []
    for suffix, backbone in _BACKBONES.items():
        guided, hybrid = by_name.get(f"unet3plus_cgm{suffix}"), by_name.get(f"unet3plus_hybrid{suffix}")
        if guided is None or hybrid is None:
            continue
        differences = {}
        for score, title in (
            ("over_segmented", "over-segmented organ-free slices"),
            ("missed", "missed slices of the organ"),
            ("dice", "Dice"),
        ):
            for name, others in (
                ("hybrid loss alone", hybrid.scores[score]),
                ("its own masks without the gate", guided.scores[f"ungated_{score}"]),
            ):
                difference = compare_patients(guided.scores[score], others)
                differences[score, name] = difference
                table.append(f"| with the module - {name} | {backbone} | {title} | {_figures(difference)} |")
        over, dice = differences["over_segmented", "hybrid loss alone"], differences["dice", "hybrid loss alone"]
        gate = differences["over_segmented", "its own masks without the gate"]
        found[f"the module lowers over-segmentation, {backbone} backbone"] = -over.verdict
        found[f"the module raises Dice, {backbone} backbone"] = dice.verdict
        sentences.append(
            f"- {backbone[:1].upper()}{backbone[1:]} backbone: {_WORDS[-over.verdict]}. Over-segmented organ-free "
            f"slices: {hybrid.scores['over_segmented'].mean:.1%} without the module, "
            f"{guided.scores['over_segmented'].mean:.1%} with it; the gate alone changes this by {gate.mean:+.1%}. "
            f"Missed slices of the organ: {hybrid.scores['missed'].mean:.1%} without the module, "
            f"{guided.scores['missed'].mean:.1%} with it. The module changes Dice by {dice.mean:+.4f}."
        )
    return Answer(question, "\n".join(sentences) or "Not run.", table if found else [], found)


def _efficient(results: Sequence[Result]) -> Answer:
    question = "Which system gives most Dice per GFLOP?"
    if not results:
        return Answer(question, "", [], {})
    best = max(results, key=lambda result: result.scores["dice"].mean / result.gflop)
    front = [
        result
        for result in sorted(results, key=lambda result: result.gflop)
        if not any(
            other.gflop <= result.gflop and other.scores["dice"].mean > result.scores["dice"].mean for other in results
        )
    ]
    names = "; ".join(f"{r.paper.title} (Dice {r.scores['dice'].mean:.3f}, {r.gflop:.2f} GFLOP)" for r in front)
    return Answer(
        question,
        f"{best.paper.title}, with a Dice of {best.scores['dice'].mean:.3f} for {best.gflop:.2f} GFLOP. This ratio "
        f"favours small networks. Systems that no other system beats in Dice with as few operations: {names}.",
        [],
        {},
    )


def _figures(difference: Difference) -> str:
    low, high = difference.interval
    spread = "" if difference.spread is None else f"{difference.spread:.4f}"
    return f"{difference.mean:+.4f} | {low:+.4f} to {high:+.4f} | {spread}"


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else "Not run."
