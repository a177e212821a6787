# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train weights for liver and spleen from a few real CTs, much synthesis and rounds of self-training.

    python -m monai_unet3plus.recipe --labelled LABELLED --negative NEGATIVE --unlabelled CT --work_dir WORK

LABELLED has a folder per case with image.nii.gz and label.nii.gz, 1 liver and 2 spleen; NEGATIVE has CTs without either
organ; CT is any number of CTs without label map. Training is the bundle's train.json with synthesis.json. The network
of a round labels the unlabelled CTs, of which the largest piece per organ counts, without parts that are much brighter,
as a kidney beside the liver often is; that of the next round starts from it and learns from all. Steps that are done
are not done again, and one that was interrupted goes on, so that another round, also with other overrides, can follow.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from monai.transforms import FillHoles, KeepLargestConnectedComponent
from scipy.ndimage import median_filter

from ..masks.paths import mask_path
from ..utils.files import replacing
from .bundle_process import PATIENT_THREADS, find_finished_weights, run_bundle, train_bundle
from .case_lists import write_list
from .command_line import add_bundle_options, make_parser, start_log
from .patients import write_empty_label_map

logger = logging.getLogger(__name__)

Case = dict[str, str]

_EPOCHS = (20, 55)
_BRIGHTER = 50  # HU
_OF_INFERENCE = ("device", "features", "organs", "pixel_size", "window")  # overrides that inference has to share


def main() -> None:
    """Run the recipe."""
    parser = make_parser("recipe", __doc__)
    parser.add_argument("--labelled", type=Path, required=True, help="folder of a folder per case")
    parser.add_argument("--negative", type=Path, help="folder of CTs without any of the organs")
    parser.add_argument("--unlabelled", type=Path, nargs="*", default=[], help="CTs for self-training, from round 2 on")
    parser.add_argument("--leave_out", help="name of a labelled case to leave out, and to evaluate on")
    parser.add_argument(
        "--epochs", type=int, nargs="+", help="of each round, 20 55 by default; 20 alone without --unlabelled"
    )
    add_bundle_options(parser)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for all that is made")
    args = parser.parse_args()
    start_log()

    work, overrides = args.work_dir, dict(args.overrides)
    shared = {name: value for name, value in overrides.items() if name in _OF_INFERENCE}
    cases = labelled(args.labelled)
    if args.leave_out and args.leave_out not in cases:
        parser.error(f"argument --leave_out: expected one of {sorted(cases)}, but got {args.leave_out}")
    rounds = args.epochs or (_EPOCHS if args.unlabelled else _EPOCHS[:1])
    if len(rounds) > 1 and not args.unlabelled:
        given = " ".join(map(str, rounds))
        parser.error(f"argument --epochs: expected one number without --unlabelled, but got {given}")
    training = [case for name, case in cases.items() if name != args.leave_out]
    if args.negative:
        training += make_organ_free_cases(args.negative, work / "organ_free")

    weights = train(args.bundle_root, work / "round_1", training, rounds[0], overrides)
    for number, epochs in enumerate(rounds[1:], start=2):
        folder = work / f"round_{number}"
        done = find_finished_weights(folder / "models")
        if done is None:  # else its label maps stay as it was trained with them
            logger.info("\n== Label maps of the unlabelled CTs ==")
            own = label_cases(args.bundle_root, args.unlabelled, weights, folder / "self_labelled", shared)
            done = train(args.bundle_root, folder, training + own, epochs, {**overrides, "finetune_from": weights})
        weights = done
    logger.info("\nweights: %s", weights)
    if args.leave_out:
        evaluate(args.bundle_root, work / "evaluation", cases[args.leave_out], weights, shared)


def labelled(folder: Path) -> dict[str, Case]:
    """The labelled cases by name."""
    files = sorted(folder.glob("*/image.nii.gz"))
    return {file.parent.name: {"image": str(file), "label": str(file.with_name("label.nii.gz"))} for file in files}


def make_organ_free_cases(folder: Path, work: Path) -> list[Case]:
    """Cases of CTs that hold no organ, with the label maps that say so."""
    cases = []
    for file in sorted(folder.glob("*.nii.gz")):
        write_empty_label_map(file, work / file.name)
        cases.append({"image": str(file), "label": str(work / file.name)})
    return cases


def train(bundle: Path, work: Path, cases: list[Case], epochs: int, overrides: dict[str, Any]) -> Path:
    """Train on all cases, or go on with it, and return the file of the weights."""
    logger.info("\n== Training, %d cases, %d epochs ==", len(cases), epochs)
    options = {
        "dataset_dir": work,
        "datalist_file": _datalist(work / "datalist.json", cases),
        "split": "all",
        "output_dir": work,
        "epochs": epochs,
        **overrides,
    }
    return train_bundle(bundle, ["train", "synthesis"], work / "models", options, PATIENT_THREADS)


def label_cases(bundle: Path, images: list[Path], weights: Path, work: Path, overrides: dict[str, Any]) -> list[Case]:
    """Cases of CTs that a network labels itself; the largest piece of each organ counts."""
    inputs, masks = work / "images", work / "labels"
    inputs.mkdir(parents=True, exist_ok=True)
    for image in images:  # a folder with these CTs alone, wherever they are
        link = inputs / image.name
        if not link.is_symlink():
            link.symlink_to(image.resolve())
    options = {"dataset_dir": inputs, "output_dir": masks, "checkpoint": weights, "keep_largest": True, **overrides}
    run_bundle(bundle, "inference", options, PATIENT_THREADS)
    cases = []
    for image in images:
        mask = mask_path(inputs / image.name, inputs, masks)
        cases.append({"image": str(image), "label": str(work / mask.name)})
        with replacing(work / mask.name) as unfinished:
            nib.save(remove_bright_parts(*map(nib.Nifti1Image.from_filename, (image, mask))), unfinished)
    return cases


def remove_bright_parts(image: nib.Nifti1Image, mask: nib.Nifti1Image) -> nib.Nifti1Image:
    """
    Remove the parts of an organ that are much brighter than the rest, such as kidneys and bowel full of contrast
    medium. The largest remaining piece of each organ is kept, and holes, bright vessels, are filled.
    """
    values = median_filter(np.asarray(image.dataobj, dtype=np.float32), size=3)
    label = np.asarray(mask.dataobj).astype(np.uint8)
    for organ in np.unique(label[label > 0]):
        inside = label == organ
        label[inside & (values > np.median(values[inside]) + _BRIGHTER)] = 0
    label = FillHoles()(KeepLargestConnectedComponent(is_onehot=False)(label[None]))[0].numpy()
    return nib.Nifti1Image(label.astype(np.uint8), mask.affine)


def evaluate(bundle: Path, work: Path, case: Case, weights: Path, overrides: dict[str, Any]) -> None:
    """Evaluate on one case; the scores are in ``cases.csv``."""
    absolute = {key: os.path.abspath(path) for key, path in case.items()}
    options = {
        "dataset_dir": Path(case["image"]).parent,
        "output_dir": work,
        "validate#dataset#data": f"$annotated_cases([{absolute}], list(@organs))",
        "checkpoint": weights,
        **overrides,
    }
    run_bundle(bundle, ["train", "synthesis", "evaluate"], options, PATIENT_THREADS)


def _datalist(file: Path, cases: list[Case]) -> Path:
    listed = [{key: os.path.abspath(path) for key, path in case.items()} for case in cases]
    write_list(listed, file)
    return file


if __name__ == "__main__":
    main()
