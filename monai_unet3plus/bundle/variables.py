# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The variables of the bundle's configs: their meanings, and the check of their values."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..utils.errors import InputError
from . import kinds
from .kinds import Kind

__all__ = ["VARIABLES", "Variable", "check_variables"]


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
    if isinstance(value, str) and value.lower() in kinds.CONSTANTS:
        constant = kinds.CONSTANTS[value.lower()]
        return f" Write {constant}." if kind.accepts(constant) else ""
    if isinstance(value, str) and value.startswith("~"):
        return " Write the home folder in full." if kind.accepts("name") else ""
    if not isinstance(value, str) and kind.accepts("name"):
        return (
            f" If that is a name, write --{name} ./NAME."
            if kind in (kinds.PATH, kinds.OPTIONAL_PATH)
            else " Put it in quotes twice."
        )
    return ""


VARIABLES = {
    "bundle_root": Variable("folder of the bundle", kinds.PATH),
    "dataset_dir": Variable("folder of the CTs and, for training, of their label maps", kinds.PATH),
    "output_dir": Variable("folder for the results: masks, logs, tables and pictures", kinds.PATH),
    "ckpt_dir": Variable("folder for the weights that training saves", kinds.PATH),
    "cache_dir": Variable("folder for the loaded volumes during training, as memory-mapped files", kinds.PATH),
    "datalist_file": Variable(
        "JSON file that lists the cases with their folds and annotated organs; `None`: all cases of `dataset_dir`",
        kinds.OPTIONAL_PATH,
    ),
    "device": Variable("PyTorch device: `--device cpu`, `--device cuda:1`", kinds.DEVICE),
    "amp": Variable("whether to compute in mixed precision on a GPU", kinds.FLAG),
    "seed": Variable(
        "seed of the random numbers for initial weights, splits, crops and augmentation", kinds.make_whole(0)
    ),
    "organs": Variable(
        "the organs, each with its value or values in the label maps; in masks the first organ is 1, the second 2",
        kinds.ORGANS,
    ),
    "window": Variable("lower and upper Hounsfield units, scaled to 0 and 1; values outside are clipped", kinds.WINDOW),
    "pixel_size": Variable(
        "pixel size in mm to which slices are resampled for the network; `None` keeps that of each CT",
        kinds.OPTIONAL_MM,
    ),
    "num_slices": Variable("number of slices that the network gets as channels: a slice and its neighbours", kinds.ODD),
    "features": Variable(
        "channels of the encoder's five levels; the paper's are `[64, 128, 256, 512, 1024]`", kinds.CHANNELS
    ),
    "deep_supervision": Variable("whether each decoder level has its own output in training", kinds.FLAG),
    "classification_guided": Variable(
        "whether a classifier decides for each slice which organs are present", kinds.FLAG
    ),
    "roi_size": Variable(
        "size of the sliding window in a slice, in pixels; `[-1, -1]` is the whole slice", kinds.WINDOW_SIZE
    ),
    "crop_to_body": Variable("whether inference decodes only the box around the body; masks stay the same", kinds.FLAG),
    "overlap": Variable("overlap of neighbouring windows, as a share of their size", kinds.OVERLAP),
    "sw_batch_size": Variable("number of windows in a batch of inference", kinds.make_whole(1)),
    "slice_batch_size": Variable("number of slices that are cut into windows together", kinds.make_whole(1)),
    "crop_size": Variable("size of the random crops in pixels; the hybrid loss needs 161 or more", kinds.PIXELS),
    "organ_free_share": Variable("share of the crops whose centre slice has no organ", kinds.SHARE),
    "num_samples": Variable("number of crops from each case in an epoch", kinds.make_whole(1)),
    "affine_prob": Variable("share of the crops that are rotated and scaled at random", kinds.SHARE),
    "organ_ranges": Variable(
        "lowest and highest mean of each organ in Hounsfield units; synthesis draws a mean between them",
        kinds.ORGAN_RANGES,
    ),
    "synthesis_prob": Variable(
        "factor for the probabilities of synthetic organs, tissues, neighbours, arms, limbs and streaks; below 1 "
        "for the last epochs",
        kinds.SHARE,
    ),
    "slabs_per_epoch": Variable(
        "number of cases drawn in an epoch; a case may be drawn several times", kinds.make_whole(1)
    ),
    "bfloat16": Variable(
        "whether to compute in bfloat16 on a CPU, in inference only with `prepare_network`; by default if the "
        "processor has instructions for it",
        kinds.FLAG,
    ),
    "batch_size": Variable("number of cases in a training batch, each with `num_samples` crops", kinds.make_whole(1)),
    "learning_rate": Variable(
        "learning rate at the beginning of training; it falls to 0 by a polynomial of power 0.9", kinds.RATE
    ),
    "epochs": Variable("number of passes over the training cases", kinds.make_whole(1)),
    "val_interval": Variable("number of epochs from one validation to the next", kinds.make_whole(1)),
    "split": Variable(
        'the validation cases: "random": a random share; "lits": those of the paper; "fold": a fold of the list; '
        '"all": none, all cases train; "none": all cases, to evaluate weights from elsewhere',
        kinds.make_choice("random", "lits", "fold", "all", "none"),
    ),
    "annotated": Variable(
        "organs that are labelled in the label maps, with their values if these differ from `organs`; `None`: all",
        kinds.ANNOTATED,
    ),
    "val_fraction": Variable("share of the cases used for validation in a random split", kinds.SHARE),
    "fold": Variable('the fold used for validation if `split` is "fold"', kinds.make_whole(0)),
    "patience": Variable(
        "epochs without a better mean Dice in validation after which training ends; 0: never", kinds.make_whole(0)
    ),
    "strict": Variable(
        "whether training ends if a case can't be loaded, or if its file states no orientation or spacing; by "
        "default, the first kind is left out with an error in the log, and the second is used with a warning",
        kinds.FLAG,
    ),
    "resume": Variable("whether to continue an interrupted training after its last whole epoch", kinds.FLAG),
    "finetune_from": Variable("file of weights from which training starts", kinds.OPTIONAL_PATH),
    "finetune_organs": Variable(
        "organs of the weights in `finetune_from`, in their order, if the file does not store them",
        kinds.OPTIONAL_NAMES,
    ),
    "num_workers": Variable("number of processes that load data", kinds.make_whole(0)),
    "output_postfix": Variable("last part of the names of masks, before `.nii.gz`", kinds.NAME),
    "dicom_seg": Variable(
        "whether to write masks of DICOM series as DICOM SEG too, see [dicom.md](dicom.md)", kinds.FLAG
    ),
    "presence_gate": Variable(
        "whether evaluation removes an organ from slices in which the classifier finds it absent", kinds.FLAG
    ),
    "shard": Variable(
        "the part of the cases that this process segments, such as `3/8`, the third of eight, see "
        "[install.md](install.md#an-archive-on-many-machines); `None`: all",
        kinds.SHARD,
    ),
    "overwrite": Variable("whether to segment again cases whose masks are up to date", kinds.FLAG),
    "intensity_check": Variable(
        'for images whose values are hardly Hounsfield units: "error" refuses them, "warn" warns, "off" does no check',
        kinds.make_choice("error", "warn", "off"),
    ),
    "grid_check": Variable(
        'for files that state no orientation or spacing: "error" refuses them, "warn" warns',
        kinds.make_choice("error", "warn"),
    ),
    "keep_largest": Variable("whether to keep only the largest connected part of each organ", kinds.FLAG),
    "report_pictures": Variable(
        "whether to draw a picture of each case for the report, see [reports.md](reports.md)", kinds.FLAG
    ),
    "volume_range_ml": Variable(
        "usual volumes of each organ in ml; the report asks to look at masks with other volumes", kinds.VOLUME_RANGES
    ),
    "checkpoint": Variable("file of the weights to evaluate or to segment with", kinds.PATH),
    "load_pretrain": Variable(
        "whether the evaluator loads `checkpoint` when it starts; if not, load weights into the network yourself, of "
        "which no record tells, so that no mask counts as up to date",
        kinds.FLAG,
    ),
    "prepare_network": Variable(
        "whether to fold batch norm into the convolutions: faster, with the same masks", kinds.FLAG
    ),
    "compile": Variable(
        "whether `prepare_network` also compiles the network by `torch.compile`, with CUDA graphs on a GPU. Whole "
        "windows are decoded then. The first windows wait for the compiler, so use it for folders of CTs",
        kinds.FLAG,
    ),
    "trt_args": Variable("arguments of MONAI's `TrtCompiler`", kinds.MAPPING),
    "timeout": Variable("time that a process waits for the other processes before it ends with an error", kinds.TIME),
}
