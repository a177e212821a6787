# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The variables of the bundle's configs: their meanings and the values that they take."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch

from ..data.shards import is_shard
from ..utils.errors import InputError

__all__ = ["VARIABLES", "Kind", "Variable", "check_variables"]

_CONSTANTS = {"true": True, "false": False, "none": None, "null": None}  # as JSON and shells spell them


class Kind(NamedTuple):
    """
    The values that a variable takes.

    Args:
        expected: the values in words, for messages and the documentation.
        accepts: whether a value is one of them.
    """

    expected: str
    accepts: Callable[[Any], bool]


class Variable(NamedTuple):
    """
    A variable at the top of the bundle's configs.

    Args:
        meaning: for the documentation, in Markdown.
        kind: the values that it takes.
    """

    meaning: str
    kind: Kind


def check_variables(**values: Any) -> None:
    """
    Refuse values that a variable does not take, such as the text "false" for a flag, which would count as true.

    Values are refused and never converted: other entries of a config may have been computed from them.

    Args:
        values: the values of variables, see :py:data:`VARIABLES`.

    Raises:
        InputError: When a variable does not take its value; the message names all of them.
    """
    wrong = [
        f"{name}: expected {VARIABLES[name].kind.expected}, but found {_shown(value)}.{_hint(name, value)}"
        for name, value in values.items()
        if not VARIABLES[name].kind.accepts(value)
    ]
    if wrong:
        raise InputError(" ".join(wrong))


def _shown(value: Any) -> str:
    return f"the text {value!r}" if isinstance(value, str) else f"{value!r}"


def _hint(name: str, value: Any) -> str:
    kind = VARIABLES[name].kind
    if isinstance(value, str) and value.lower() in _CONSTANTS:
        constant = _CONSTANTS[value.lower()]
        return f" Write {constant}." if kind.accepts(constant) else ""
    if isinstance(value, str) and value.startswith("~"):
        return " Write the home folder in full." if kind.accepts("name") else ""
    if not isinstance(value, str) and kind.accepts("name"):
        return (
            f" If that is a name, write --{name} ./NAME."
            if kind in (PATH, OPTIONAL_PATH)
            else " Put it in quotes twice."
        )
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any, least: float = -math.inf) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _is_list(value: Any, accepts: Callable[[Any], bool], length: int | None = None) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return False
    return (len(value) == length if length else len(value) > 0) and all(map(accepts, value))


def _is_range(value: Any) -> bool:
    return _is_list(value, _is_number, 2) and value[0] < value[1]


def _is_path(value: Any) -> bool:
    """Whether it is a path; ~ is left where a shell has not replaced it, as in --output_dir=~/masks."""
    return isinstance(value, (str, os.PathLike)) and str(value) != "" and not str(value).startswith("~")


def _are_organs(value: Any) -> bool:
    """Each label value belongs to one organ, and is not the background's 0."""
    if not isinstance(value, Mapping) or not value or not all(isinstance(name, str) and name for name in value):
        return False
    groups = [values if isinstance(values, (list, tuple)) else [values] for values in value.values()]
    values = [number for group in groups for number in group]
    whole = all(group and all(_is_whole(number, 1) for number in group) for group in groups)
    return whole and len(set(values)) == len(values)


def _is_device(value: Any) -> bool:
    """Whether a tensor can be put there; PyTorch would say so from within the network."""
    try:
        torch.empty(1, device=value)
    except (AssertionError, RuntimeError, TypeError):
        return False
    return isinstance(value, (str, torch.device))


def _choice(*choices: str) -> Kind:
    return Kind("one of " + ", ".join(map(repr, choices)), lambda value: value in choices)


def _whole(least: int) -> Kind:
    return Kind(f"a whole number of {least} or more", lambda value: _is_whole(value, least))


FLAG = Kind("True or False", lambda value: isinstance(value, bool))
PATH = Kind("a path", _is_path)
OPTIONAL_PATH = Kind(
    "a path or None", lambda value: value is None or (_is_path(value) and str(value).lower() not in _CONSTANTS)
)
NAME = Kind("a part of a file's name", lambda value: isinstance(value, str) and value != "" and os.sep not in value)
OPTIONAL_NAMES = Kind(
    "a list of names or None", lambda value: value is None or _is_list(value, lambda name: isinstance(name, str))
)
DEVICE = Kind("a device of this machine, such as cpu or cuda:0", _is_device)
SHARE = Kind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
OVERLAP = Kind("a number from 0 to below 1", lambda value: _is_number(value) and 0 <= value < 1)
RATE = Kind("a number of 0 or more", lambda value: _is_number(value) and value >= 0)
OPTIONAL_MM = Kind("a number of mm above 0, or None", lambda value: value is None or (_is_number(value) and value > 0))
ODD = Kind("an odd number, a slice and as many on either side", lambda value: _is_whole(value, 1) and value % 2 == 1)
WINDOW = Kind("the lower and the upper end in Hounsfield units", _is_range)
CHANNELS = Kind("a list of whole numbers", lambda value: _is_list(value, lambda number: _is_whole(number, 1)))
PIXELS = Kind("two whole numbers of pixels", lambda value: _is_list(value, lambda number: _is_whole(number, 1), 2))
WINDOW_SIZE = Kind(
    "two whole numbers of pixels, or one for both", lambda value: _is_whole(value) or _is_list(value, _is_whole, 2)
)
ORGANS = Kind(
    "label values of 1 or more for each organ, none of them twice, such as {'liver': [1, 2], 'spleen': 3}", _are_organs
)
ANNOTATED = Kind(
    "a list of organs, or label values for each, such as {'spleen': 1}, or None",
    lambda value: value is None or _is_list(value, lambda name: isinstance(name, str)) or _are_organs(value),
)
ORGAN_RANGES = Kind(
    "a list with two numbers for each organ",
    lambda value: _is_list(value, lambda pair: _is_list(pair, _is_number, 2) and pair[0] <= pair[1]),
)
VOLUME_RANGES = Kind(
    "the smallest and the largest volume by the names of organs, such as {'liver': [300, 5000]}",
    lambda value: isinstance(value, Mapping) and all(map(_is_range, value.values())),
)
MAPPING = Kind("a mapping", lambda value: isinstance(value, Mapping))
SHARD = Kind(
    "a shard and the number of shards, such as 3/8, or None",
    lambda value: value is None or (isinstance(value, str) and is_shard(value)),
)
TIME = Kind("a datetime.timedelta", lambda value: isinstance(value, datetime.timedelta))

VARIABLES = {
    "bundle_root": Variable("folder of the bundle", PATH),
    "dataset_dir": Variable("folder of the CTs, and in training of their label maps", PATH),
    "output_dir": Variable("folder for the results: masks, logs, tables, pictures", PATH),
    "ckpt_dir": Variable("folder that checkpoints are written to", PATH),
    "cache_dir": Variable("folder for volumes as memory-mapped files during training", PATH),
    "datalist_file": Variable(
        "JSON file with a list of cases, folds and annotated organs, instead of the folders' content", OPTIONAL_PATH
    ),
    "device": Variable("PyTorch device: `--device cpu`, `--device cuda:1`", DEVICE),
    "amp": Variable("automatic mixed precision, on a GPU", FLAG),
    "seed": Variable("of weights, splits, crops and augmentation", _whole(0)),
    "organs": Variable(
        "maps each organ to the label value or values that make it up; the first is 1 in masks, the second 2", ORGANS
    ),
    "window": Variable("Hounsfield units that become 0 and 1", WINDOW),
    "pixel_size": Variable(
        "pixels in mm that slices are resampled to for the network; `None` keeps those of each CT", OPTIONAL_MM
    ),
    "num_slices": Variable("neighbouring slices that are the network's channels", ODD),
    "features": Variable(
        "channels of the encoder's five levels; the paper's are `[64, 128, 256, 512, 1024]`", CHANNELS
    ),
    "deep_supervision": Variable("whether each decoder level has an output of its own in training", FLAG),
    "classification_guided": Variable("whether a classifier decides per slice and organ if it is there at all", FLAG),
    "roi_size": Variable("sliding window in pixels, in the slice; `[-1, -1]` is the whole slice", WINDOW_SIZE),
    "crop_to_body": Variable(
        "whether the box around the body alone is decoded in inference, which leaves masks as they are", FLAG
    ),
    "overlap": Variable("of neighbouring windows, a share", OVERLAP),
    "sw_batch_size": Variable("windows that the network sees at once", _whole(1)),
    "slice_batch_size": Variable("slices that are cut into windows at once", _whole(1)),
    "crop_size": Variable("random crop in pixels; with the hybrid loss 161 or more", PIXELS),
    "organ_free_share": Variable("share of crops whose centre slice has no organ", SHARE),
    "num_samples": Variable("crops of each case and epoch", _whole(1)),
    "affine_prob": Variable("share of crops that are rotated and scaled at random", SHARE),
    "organ_ranges": Variable(
        "lowest and highest mean of each organ in Hounsfield units, between which synthesis draws", ORGAN_RANGES
    ),
    "slabs_per_epoch": Variable("cases that an epoch draws, each as often as it takes", _whole(1)),
    "bfloat16": Variable(
        "whether to compute in bfloat16 on a CPU; by default where the processor has instructions for it", FLAG
    ),
    "batch_size": Variable("cases in a batch, of `num_samples` crops each", _whole(1)),
    "learning_rate": Variable("at the beginning; it falls to 0 by a polynomial of power 0.9", RATE),
    "epochs": Variable("passes over the training cases", _whole(1)),
    "val_interval": Variable("epochs from one validation to the next", _whole(1)),
    "split": Variable(
        'which cases validate: "random"; "lits", the paper\'s; "fold", with `datalist_file`; "all", none; "none", all',
        _choice("random", "lits", "fold", "all", "none"),
    ),
    "annotated": Variable(
        "organs that the label maps annotate, with their label values if these differ from `organs`; `None`: all",
        ANNOTATED,
    ),
    "val_fraction": Variable("share of cases that validate in a random split", SHARE),
    "fold": Variable('the fold that validates with `split` "fold"', _whole(0)),
    "patience": Variable("validations without a better mean Dice after which training ends; 0: never", _whole(0)),
    "strict": Variable(
        "whether training ends when a case can't be loaded, or states no orientation, instead of going on without it",
        FLAG,
    ),
    "resume": Variable("whether to go on after the last whole epoch of a training that was killed", FLAG),
    "finetune_from": Variable("file of weights to start from", OPTIONAL_PATH),
    "finetune_organs": Variable(
        "organs that those weights were trained for, in their order, if their file does not tell", OPTIONAL_NAMES
    ),
    "num_workers": Variable("processes that load data", _whole(0)),
    "output_postfix": Variable("last part of the masks' names", NAME),
    "dicom_seg": Variable("whether to write masks of DICOM series as DICOM SEG too, see [dicom.md](dicom.md)", FLAG),
    "presence_gate": Variable(
        "whether an evaluation leaves out organs in slices that the classifier judges free of them", FLAG
    ),
    "shard": Variable(
        "the share of the cases to segment, such as `3/8`, while other processes segment the others, see "
        "[install.md](install.md#an-archive-on-many-machines); `None`: all",
        SHARD,
    ),
    "overwrite": Variable("whether to make masks again that are up to date", FLAG),
    "intensity_check": Variable(
        'images that are hardly CTs in Hounsfield units: "error" refuses them, "warn" warns, "off" takes them',
        _choice("error", "warn", "off"),
    ),
    "grid_check": Variable(
        'files that state no orientation or spacing: "error" refuses them, "warn" warns', _choice("error", "warn")
    ),
    "keep_largest": Variable("whether of each organ only the largest connected part stays in the mask", FLAG),
    "report_pictures": Variable(
        "whether to draw a picture of each case, which the report shows, see [reports.md](reports.md)", FLAG
    ),
    "volume_range_ml": Variable(
        "volumes in ml of each organ outside which the report says to look at the mask", VOLUME_RANGES
    ),
    "checkpoint": Variable("file of the weights to evaluate or to segment with", PATH),
    "load_pretrain": Variable(
        "whether the evaluator loads `checkpoint` when it starts; who switches it off has to load weights", FLAG
    ),
    "prepare_network": Variable("whether to fold batch norm into the convolutions: faster, the same numbers", FLAG),
    "compile": Variable(
        "whether `prepare_network` also compiles by `torch.compile`, with CUDA graphs on a GPU, and whole windows are "
        "decoded: for folders, as the first windows wait for the compiler",
        FLAG,
    ),
    "trt_args": Variable("arguments of MONAI's `TrtCompiler`", MAPPING),
    "timeout": Variable("how long one process waits for the others", TIME),
}
