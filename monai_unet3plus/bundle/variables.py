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
    "dataset_dir": Variable("folder of the CTs and, for training, of their label maps", PATH),
    "output_dir": Variable("folder for the results: masks, logs, tables and pictures", PATH),
    "ckpt_dir": Variable("folder for the weights that training saves", PATH),
    "cache_dir": Variable("folder for the loaded volumes during training, as memory-mapped files", PATH),
    "datalist_file": Variable(
        "JSON file that lists the cases with their folds and annotated organs; `None`: all cases of `dataset_dir`",
        OPTIONAL_PATH,
    ),
    "device": Variable("PyTorch device: `--device cpu`, `--device cuda:1`", DEVICE),
    "amp": Variable("whether to compute in mixed precision on a GPU", FLAG),
    "seed": Variable("seed of the random numbers for initial weights, splits, crops and augmentation", _whole(0)),
    "organs": Variable(
        "the organs, each with its value or values in the label maps; in masks the first organ is 1, the second 2",
        ORGANS,
    ),
    "window": Variable("Hounsfield units that become 0 and 1; others are clipped", WINDOW),
    "pixel_size": Variable(
        "pixel size in mm to which slices are resampled for the network; `None` keeps that of each CT", OPTIONAL_MM
    ),
    "num_slices": Variable("number of neighbouring slices that the network sees as channels", ODD),
    "features": Variable(
        "channels of the encoder's five levels; the paper's are `[64, 128, 256, 512, 1024]`", CHANNELS
    ),
    "deep_supervision": Variable("whether each decoder level has its own output in training", FLAG),
    "classification_guided": Variable("whether a classifier decides for each slice which organs are present", FLAG),
    "roi_size": Variable(
        "size of the sliding window in a slice, in pixels; `[-1, -1]` is the whole slice", WINDOW_SIZE
    ),
    "crop_to_body": Variable("whether inference decodes only the box around the body; masks stay the same", FLAG),
    "overlap": Variable("overlap of neighbouring windows, as a share of their size", OVERLAP),
    "sw_batch_size": Variable("number of windows in a batch of inference", _whole(1)),
    "slice_batch_size": Variable("number of slices that are cut into windows together", _whole(1)),
    "crop_size": Variable("size of the random crops in pixels; the hybrid loss needs 161 or more", PIXELS),
    "organ_free_share": Variable("share of the crops whose centre slice has no organ", SHARE),
    "num_samples": Variable("number of crops from each case in an epoch", _whole(1)),
    "affine_prob": Variable("share of the crops that are rotated and scaled at random", SHARE),
    "organ_ranges": Variable(
        "lowest and highest mean of each organ in Hounsfield units; synthesis draws a mean in between", ORGAN_RANGES
    ),
    "slabs_per_epoch": Variable("number of cases drawn in an epoch; a case may be drawn several times", _whole(1)),
    "bfloat16": Variable(
        "whether to compute in bfloat16 on a CPU; by default if the processor has instructions for it", FLAG
    ),
    "batch_size": Variable("number of cases in a training batch, each with `num_samples` crops", _whole(1)),
    "learning_rate": Variable(
        "learning rate at the beginning of training; it falls to 0 by a polynomial of power 0.9", RATE
    ),
    "epochs": Variable("number of passes over the training cases", _whole(1)),
    "val_interval": Variable("number of epochs from one validation to the next", _whole(1)),
    "split": Variable(
        'the validation cases: "random": a random share; "lits": those of the paper; "fold": a fold of the list; '
        '"all": none, all cases train; "none": all cases, to evaluate weights from elsewhere',
        _choice("random", "lits", "fold", "all", "none"),
    ),
    "annotated": Variable(
        "organs that are labelled in the label maps, with their values if these differ from `organs`; `None`: all",
        ANNOTATED,
    ),
    "val_fraction": Variable("share of the cases used for validation in a random split", SHARE),
    "fold": Variable('the fold used for validation if `split` is "fold"', _whole(0)),
    "patience": Variable(
        "epochs without a better mean Dice in validation after which training ends; 0: never", _whole(0)
    ),
    "strict": Variable(
        "whether training ends if a case can't be loaded or its file states no orientation or spacing; otherwise the "
        "former is left out, with an error in the log, and the latter is used, with a warning",
        FLAG,
    ),
    "resume": Variable("whether to continue an interrupted training after its last whole epoch", FLAG),
    "finetune_from": Variable("file of weights from which training starts", OPTIONAL_PATH),
    "finetune_organs": Variable(
        "organs of those weights in their order, for files that do not store them", OPTIONAL_NAMES
    ),
    "num_workers": Variable("number of processes that load data", _whole(0)),
    "output_postfix": Variable("last part of the names of masks, before `.nii.gz`", NAME),
    "dicom_seg": Variable("whether to write masks of DICOM series as DICOM SEG too, see [dicom.md](dicom.md)", FLAG),
    "presence_gate": Variable(
        "whether evaluation removes an organ from slices in which the classifier finds it absent", FLAG
    ),
    "shard": Variable(
        "the part of the cases that this process segments, such as `3/8`, the third of eight, see "
        "[install.md](install.md#an-archive-on-many-machines); `None`: all",
        SHARD,
    ),
    "overwrite": Variable("whether to segment again cases whose masks are up to date", FLAG),
    "intensity_check": Variable(
        'for images whose values are hardly Hounsfield units: "error" refuses them, "warn" warns, "off" does not check',
        _choice("error", "warn", "off"),
    ),
    "grid_check": Variable(
        'for files that state no orientation or spacing: "error" refuses them, "warn" warns', _choice("error", "warn")
    ),
    "keep_largest": Variable("whether to keep only the largest connected part of each organ", FLAG),
    "report_pictures": Variable(
        "whether to draw a picture of each case for the report, see [reports.md](reports.md)", FLAG
    ),
    "volume_range_ml": Variable(
        "usual volumes of each organ in ml; the report asks to look at masks with other volumes", VOLUME_RANGES
    ),
    "checkpoint": Variable("file of the weights to evaluate or to segment with", PATH),
    "load_pretrain": Variable(
        "whether the evaluator loads `checkpoint` when it starts; if not, load weights into the network yourself", FLAG
    ),
    "prepare_network": Variable("whether to fold batch norm into the convolutions: faster, with the same masks", FLAG),
    "compile": Variable(
        "whether `prepare_network` also compiles the network by `torch.compile`, with CUDA graphs on a GPU. Whole "
        "windows are decoded then. The first windows wait for the compiler, so use it for folders of CTs",
        FLAG,
    ),
    "trt_args": Variable("arguments of MONAI's `TrtCompiler`", MAPPING),
    "timeout": Variable("time that a process waits for the others before it gives up", TIME),
}
