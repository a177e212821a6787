# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Masks of slices cropped to the body, beside those of whole slices in windows of fixed size.

    python -m tests.benchmarks.crop_to_body CT ... [--checkpoint FILE] [--set NAME=VALUE ...]

For each CT: Dice between the two masks for each organ, the number of slices whose presence verdict differs, and the
processor time of inference without reading and writing. Where ``label.nii.gz`` lies beside the CT, with the organs'
values of the bundle, also Dice of both masks to it. Everything else is as in the bundle's inference.json.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigParser

from monai_unet3plus.experiments.bundle_process import override
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.transforms import LoadCT
from tests.benchmarks.commands import BUNDLE

logger = logging.getLogger("crop_to_body")

FORMS = {"whole slices": False, "cropped": True}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cts", nargs="+", type=Path, help="files of CTs")
    parser.add_argument("--checkpoint", default=str(BUNDLE / "models" / "model.pt"), help="weights")
    parser.add_argument("--set", action="append", type=override, default=[], dest="overrides", metavar="NAME=VALUE")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logger.setLevel(logging.INFO)
    config = ConfigParser()
    config.read_config(BUNDLE / "configs" / "inference.json")
    config.update({"bundle_root": str(BUNDLE), "checkpoint": args.checkpoint, "inferer#progress": False})
    config.update({"inferer#return_presence": True, "_meta_": {}, **dict(args.overrides)})
    organs = list(config.get_parsed_content("organs"))
    network = config.get_parsed_content("network").eval()
    config.get_parsed_content("checkpointloader").load()
    bfloat16 = config.get_parsed_content("bfloat16")
    network = prepare_for_inference(network, torch.bfloat16 if bfloat16 else None)
    preprocessing = config.get_parsed_content("preprocessing")
    inferer = config.get_parsed_content("inferer")
    logger.info(f"{'CT':40} Dice of {' and '.join(organs)} | verdicts that differ | seconds, {', '.join(FORMS)}")
    for ct in args.cts:
        image = preprocessing({"image": ct})["image"][None]
        masks, present, taken = [], [], []
        for crop in FORMS.values():
            inferer.crop_to_body = crop
            start = process_time()
            with torch.inference_mode():
                mask, margins = inferer(image, network)
            taken.append(process_time() - start)
            masks.append(mask.as_tensor()[0, 0].numpy())
            present.append(margins > 0)
        flips = int((present[0] != present[1]).any(dim=1).sum())
        line = f"{ct.parent.name + '/' + ct.name:40} {_dices(*masks, len(organs))} | {flips} of {image.shape[-1]} | "
        line += ", ".join(f"{seconds:.1f}" for seconds in taken)
        label = ct.parent / "label.nii.gz"
        if label.is_file():
            truth = _oriented(preprocessing, label)
            line += " | to the labels " + ", ".join(_dices(mask, truth, len(organs)) for mask in masks)
        logger.info(line)


def _oriented(preprocessing: Any, label: Path) -> np.ndarray:
    """A label map, turned as the image."""
    volume = LoadCT(dtype=None)(label)[None]
    orient = next(step for step in preprocessing.transforms if type(step).__name__ == "Orientationd").ornt_transform
    return orient(volume).as_tensor()[0].numpy()


def _dices(first: np.ndarray, second: np.ndarray, organs: int) -> str:
    found = []
    for value in range(1, organs + 1):
        a, b = first == value, second == value
        both = int(a.sum() + b.sum())
        found.append(2 * int((a & b).sum()) / both if both else 1.0)
    return " ".join(f"{dice:.4f}" for dice in found)


if __name__ == "__main__":
    main()
