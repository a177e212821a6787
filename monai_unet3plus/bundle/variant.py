# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A copy of the bundle that is set up for other organs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..utils.errors import InputError
from .folder import copy_bundle

__all__ = ["copy_variant"]

Organs = Mapping[str, "int | Sequence[int]"]


def copy_variant(
    directory: str | os.PathLike,
    name: str,
    organs: Organs,
    checkpoint: str | os.PathLike | None = None,
    summary: str | os.PathLike | None = None,
) -> Path:
    """
    Write the bundle out, set up for other organs: configs, metadata and README agree on them.

    The delivered weights stay in it if they are for the same organs. Otherwise it has none until it is trained, or
    those of ``checkpoint``.

    Args:
        directory: folder to put the bundle's folder into.
        name: name of the bundle's folder, see :py:func:`copy_bundle`.
        organs: maps each organ to the label value or values that make it up in training data; organ k is k in masks.
        checkpoint: file of weights of a training for these organs with the bundle's ``features``.
            Defaults to None.
        summary: ``summary.json`` that ``evaluate.json`` wrote for that checkpoint; its mean Dice becomes the metadata's
            ``eval_metrics``. Defaults to None.

    Returns:
        the new folder.

    Raises:
        InputError: When organs are none, share a value or are not as described, or a file does not fit them.
    """
    _check_organs(organs)
    scores = {} if summary is None else _mean_dice(Path(summary), list(organs))
    bundle = copy_bundle(directory, name)
    metadata_file = bundle / "configs" / "metadata.json"
    metadata = _read(metadata_file)
    pred = metadata["network_data_format"]["outputs"]["pred"]
    delivered = [organ for value, organ in pred["channel_def"].items() if value != "0"]
    for config in ("train", "inference"):
        path = bundle / "configs" / f"{config}.json"
        _write(path, {**_read(path), "organs": dict(organs)})

    kept = delivered == list(organs) and checkpoint is None
    weights = bundle / "models" / "model.pt"
    try:
        if checkpoint is not None:
            _check_weights(bundle, Path(checkpoint), list(organs))
            shutil.copyfile(checkpoint, weights)
    except InputError:
        shutil.rmtree(bundle)  # made above, and of no use
        raise
    if not kept:
        if checkpoint is None:
            weights.unlink()
        metadata.update(_description(organs, weights, scores))
        readme = bundle / "docs" / "README.md"
        readme.write_text(_with_note(readme.read_text(encoding="utf-8"), organs, metadata), encoding="utf-8")
    values = ["background", *organs]
    classes = f"single channel, {', '.join(f'{value} {organ}' for value, organ in enumerate(values))}"
    metadata.update(label_classes=classes, pred_classes=classes)
    pred.update(num_channels=len(organs), channel_def={str(value): organ for value, organ in enumerate(values)})
    _write(metadata_file, metadata)
    return bundle


def _check_organs(organs: Organs) -> None:
    from ..transforms import SelectOrgansd  # here, since it takes PyTorch, which copying can do without

    if not isinstance(organs, Mapping) or not all(isinstance(organ, str) and organ for organ in organs):
        raise InputError(f"organs: expected names and their label values, such as {{'liver': 1}}, but found {organs}.")
    try:
        SelectOrgansd("label", organs)
    except (TypeError, ValueError) as e:
        raise InputError(f"organs: {e}") from e


def _check_weights(bundle: Path, checkpoint: Path, organs: Sequence[str]) -> None:
    from monai.bundle import ConfigParser

    from ..handlers.checkpoint import get_trained_organs
    from ..networks.weights.file import load_weights

    if not checkpoint.is_file():
        raise InputError(f"checkpoint: expected trained weights, but {checkpoint} does not exist.")
    weights = load_weights(checkpoint, "checkpoint")
    trained = get_trained_organs(weights)
    if trained is not None and trained != list(organs):  # programs that load the file themselves look at no names
        raise InputError(
            f"checkpoint: {checkpoint} was trained for the organs {trained}, in this order, but organs has {organs}."
        )
    network = ConfigParser(_read(bundle / "configs" / "inference.json")).get_parsed_content("network_def")
    try:
        network.load_state_dict(weights)
    except RuntimeError as e:  # its message lists the keys
        raise InputError(
            f"checkpoint: {checkpoint} does not fit these organs and the bundle's features: {' '.join(str(e).split())}"
        ) from e


def _mean_dice(summary: Path, organs: Sequence[str]) -> dict[str, float]:
    from ..report.schema import read_summary  # here, since it imports PyTorch

    found = read_summary(summary)
    dice = {organ: found[organ]["metrics"].get("dice") for organ in organs if organ in found}
    means = {organ: round(scores["mean"], 4) for organ, scores in dice.items() if scores and scores["mean"] is not None}
    if len(means) < len(organs):
        raise InputError(
            f"summary: expected a mean Dice of each of {list(organs)}, but {summary} has that of {list(means)}."
        )
    return means


def _description(organs: Organs, weights: Path, scores: Mapping[str, float]) -> dict[str, Any]:
    title = " and ".join(organs).capitalize()
    state = "The weights are those of a training of its maker." if weights.is_file() else "It has no weights yet."
    return {
        "name": f"{title} CT segmentation with UNet 3+",
        "task": f"{title} segmentation in abdominal CT",
        "description": "A compact UNet 3+ with full-scale skip connections, deep supervision and the "
        f"classification-guided module, slice by slice with neighbouring slices as channels. {state}",
        "data_source": "of the maker of this variant, not described here",
        "intended_use": "Research only, not a medical device.",
        "eval_metrics": {f"mean_dice_{organ.replace(' ', '_')}": score for organ, score in scores.items()},
        "weights": {
            "trained_on": "data of its maker" if weights.is_file() else "nothing",
            "sha256": sha256(weights.read_bytes()).hexdigest() if weights.is_file() else "",
        },
    }


def _with_note(readme: str, organs: Organs, metadata: Mapping[str, Any]) -> str:
    """The README with a note below its title that it describes the original."""
    title, rest = readme.split("\n", 1)
    figures = ", ".join(f"{name} {score}" for name, score in metadata["eval_metrics"].items())
    note = (
        f"**This is a variant for {', '.join(organs)}**, made by `python -m monai_unet3plus.bundle copy`. Weights: "
        f"trained on {metadata['weights']['trained_on']}. Evaluation of its maker: {figures or 'none'}.\n\n"
        "The text below describes the original: its organs, data, weights and figures are not those of this variant.\n"
    )
    return f"{title}\n\n{note}{rest}"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
