# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Writes docs/configuration.md, the table of the variables of the bundle's configs:

    python docs/variables.py

What a variable means is written here and nowhere else; defaults are read from the configs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
CONFIGS = DOCS.parent / "bundle" / "configs"
NAMES = ("train", "synthesis", "evaluate", "multi_gpu_train", "multi_gpu_evaluate", "inference", "inference_trt")

# what MONAI reads by these names, and intermediate values
NO_VARIABLES = {"imports", "initialize", "run", "finalize"}
NO_VARIABLES |= {"network", "datalist", "splits", "train", "validate", "handlers", "saved_network", "resumed"}

MEANING = {
    "bundle_root": "folder of the bundle",
    "dataset_dir": "folder of the CTs, and in training of their label maps",
    "output_dir": "folder for what is written: masks, logs, tables, pictures",
    "ckpt_dir": "folder that checkpoints are written to",
    "cache_dir": "folder for volumes as memory-mapped files during training",
    "datalist_file": "JSON file with a list of cases, folds and annotated organs, instead of the folders' content",
    "device": "PyTorch device: `--device cpu`, `--device cuda:1`",
    "amp": "automatic mixed precision, on a GPU",
    "seed": "of weights, splits, crops and augmentation",
    "organs": "maps each organ to the label value or values that make it up; the first is 1 in masks, the second 2",
    "window": "Hounsfield units that become 0 and 1",
    "pixel_size": "pixels in mm that slices are resampled to for the network; `None` keeps those of each CT",
    "num_slices": "neighbouring slices that are the network's channels, an odd number",
    "features": "channels of the encoder's five levels; the paper's are `[64, 128, 256, 512, 1024]`",
    "deep_supervision": "whether each decoder level has an output of its own in training",
    "classification_guided": "whether a classifier decides per slice and organ if it is there at all",
    "roi_size": "sliding window in pixels, in the slice; `[-1, -1]` is the whole slice",
    "overlap": "of neighbouring windows, a share",
    "presence_gate": "whether an evaluation leaves out organs in slices that the classifier judges free of them",
    "sw_batch_size": "windows that the network sees at once",
    "slice_batch_size": "slices that are cut into windows at once",
    "crop_size": "random crop in pixels; with the hybrid loss 161 or more",
    "organ_free_share": "share of crops whose centre slice has no organ",
    "num_samples": "crops of each case and epoch",
    "affine_prob": "share of crops that are rotated and scaled at random",
    "organ_ranges": "lowest and highest mean of each organ in Hounsfield units, between which synthesis draws",
    "slabs_per_epoch": "cases that an epoch draws, each as often as it takes",
    "bfloat16": "whether to compute in bfloat16 on a CPU; by default where the processor has instructions for it",
    "batch_size": "cases in a batch, of `num_samples` crops each",
    "learning_rate": "at the beginning; it falls to 0 by a polynomial of power 0.9",
    "epochs": "passes over the training cases",
    "val_interval": "epochs from one validation to the next",
    "split": 'which cases validate: "random", "lits" (the paper\'s), "fold" (with `datalist_file`)',
    "val_fraction": "share of cases that validate in a random split",
    "fold": 'the fold that validates with `split` "fold"',
    "patience": "validations without a better mean Dice after which training ends; 0: never",
    "strict": "whether training ends when a case can't be loaded, instead of going on without it",
    "resume": "whether to go on after the last whole epoch of a training that was killed",
    "finetune_from": "file of weights to start from",
    "finetune_organs": "organs that those weights were trained for, in their order, if their file does not tell",
    "num_workers": "processes that load data",
    "output_postfix": "what the names of masks end in",
    "dicom_seg": "whether to write masks of DICOM series as DICOM SEG too, see [dicom.md](dicom.md)",
    "overwrite": "whether to make masks again that are there and not stale",
    "intensity_check": 'what is hardly a CT in Hounsfield units: "error" refuses it, "warn" warns, "off" takes it',
    "keep_largest": "whether of each organ only the largest connected part stays in the mask",
    "report_pictures": "whether to draw a picture of each case, which the report shows, see [reports.md](reports.md)",
    "volume_range_ml": "volumes in ml of each organ outside which the report says to look at the mask",
    "checkpoint": "file of the weights to evaluate or to segment with",
    "load_pretrain": "whether the evaluator loads `checkpoint` when it starts; who switches it off has to load weights",
    "prepare_network": "whether to fold batch norm into the convolutions: faster, the same numbers",
    "trt_args": "arguments of MONAI's `TrtCompiler`",
    "timeout": "how long one process waits for the others",
}

HEAD = """# Configuration

Every variable at the top of the bundle's configs. On the command line, `--NAME VALUE` replaces it, in Python's syntax:
`--epochs 50 --organs "{'liver': 1, 'spleen': 2}"`. Deeper entries are reached by `#`: `--optimizer#momentum 0.95`.
`@NAME` is the value of another variable, `$` begins a Python expression. A config that comes later in a list replaces
what it names: `synthesis.json`, `evaluate.json` and `multi_gpu_train.json` come after `train.json`,
`multi_gpu_evaluate.json` after the last two, and `inference_trt.json` after `inference.json`.

Written by `python docs/variables.py` from the configs.

"""


def variables(config: dict[str, Any]) -> dict[str, Any]:
    """The entries of a config that are settings: not components, nor what MONAI reads by name."""
    return {
        name: value
        for name, value in config.items()
        if name not in NO_VARIABLES
        and not name.startswith("+")
        and "#" not in name
        and not (isinstance(value, dict) and "_target_" in value)
    }


def page() -> str:
    """
    The page in Markdown.

    Raises:
        ValueError: When a variable has no meaning here, or one is here that no config has.
    """
    configs = {name: variables(json.loads((CONFIGS / f"{name}.json").read_text(encoding="utf-8"))) for name in NAMES}
    found = list(dict.fromkeys(name for config in configs.values() for name in config))
    if set(found) != set(MEANING):
        raise ValueError(
            f"MEANING in {__file__}: expected an entry for each variable of the configs, but "
            f"{sorted(set(found) - set(MEANING))} are missing and {sorted(set(MEANING) - set(found))} are in no config."
        )
    rows = [["variable", "meaning", *(f"`{name}.json`" for name in NAMES)], ["---"] * (2 + len(NAMES))]
    for name in found:
        defaults = [f"`{_shown(config[name])}`" if name in config else "" for config in configs.values()]
        rows.append([f"`{name}`", MEANING[name], *defaults])
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    (DOCS / "configuration.md").write_text(page(), encoding="utf-8")
