# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The whole way once, on synthetic phantoms: make them, train the bundle's default network, segment unseen ones.

    python -m monai_unet3plus.demo --bundle_root bundle --work_dir .demo

Everything runs through the bundle's own configs, with overrides that make it fit into minutes on two CPU cores. If a
run is interrupted, repeat the command: its phantoms and a finished training are used again.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

from ..metrics import dice
from ..visualize import save_outlines
from .bundle_process import run_bundle, run_command, train_bundle
from .command_line import make_parser, start_log

logger = logging.getLogger(__name__)

# Waiting threads of GNU OpenMP spin briefly before they sleep: of the policies tried, the fastest on two cores.
# Set before PyTorch is loaded.
_ENVIRONMENT = {"GOMP_SPINCOUNT": "10000"}

# Coarse phantoms, 1.7 mm pixels and 5 mm slices, and Adam instead of the paper's SGD: minutes suffice for them. A step
# on one crop takes half the time of one on two, and the number of steps counts more.
PHANTOMS = ["--cases", "18", "--test_cases", "2", "--seed", "7"]
PHANTOMS += ["--pixel_size", "1.6", "1.8", "--slice_thickness", "5", "5"]
PHANTOM_ORGANS = {"organs": "{'liver': 1}", "pixel_size": "None"}
TRAINING = {
    **PHANTOM_ORGANS,
    "val_fraction": "0.1",
    "epochs": "24",
    "crop_size": "[192, 192]",
    "batch_size": "1",
    "num_samples": "1",
    "affine_prob": "0",
    "optimizer": "{'_target_': 'torch.optim.Adam', 'params': '$@network.parameters()', 'lr': 0.0015}",
}
# whole slices instead of overlapping windows: less work, where memory allows
INFERENCE = {**PHANTOM_ORGANS, "roi_size": "[-1, -1]"}


def main() -> None:
    """Run the demo."""
    parser = make_parser("demo", __doc__)
    parser.add_argument("--bundle_root", default="bundle", help="folder of the bundle")
    parser.add_argument("--work_dir", default=".demo", help="folder for phantoms, checkpoint and masks")
    args = parser.parse_args()
    start_log()
    bundle, work = Path(args.bundle_root), Path(args.work_dir)
    if not (bundle / "configs" / "train.json").is_file():
        parser.error(
            f"argument --bundle_root: expected the folder of the bundle, but {bundle} has no configs/train.json"
        )

    phantoms, models, masks = work / "phantoms", work / "models", work / "masks"
    if not (phantoms / "dataset.json").is_file():
        logger.info("\n== Phantoms ==")
        run_command([sys.executable, "-m", "monai_unet3plus.phantom", "--output_dir", str(phantoms), *PHANTOMS])
    if not models.is_dir():
        logger.info("\n== Training, the bundle's train.json ==")
    options: dict[str, object] = {"dataset_dir": phantoms, "output_dir": work / "training", **TRAINING}
    weights = train_bundle(bundle, "train", models, options, _ENVIRONMENT)
    logger.info("\n== Masks of unseen phantoms, the bundle's inference.json ==")
    options = {"dataset_dir": phantoms, "checkpoint": weights, "output_dir": masks, **INFERENCE}
    run_bundle(bundle, "inference", options, _ENVIRONMENT)
    _report(phantoms, masks)


def _report(phantoms: Path, masks: Path) -> None:
    """Log the Dice of each mask, computed from the files alone, and draw a picture of each."""
    logger.info("\n== Results on phantoms the network has not seen; they say nothing about patients ==")
    scores = []
    for truth in sorted((phantoms / "labelsTs").glob("*.nii.gz")):
        name = truth.name.removesuffix(".nii.gz")
        mask, picture = masks / f"{name}_seg.nii.gz", masks / f"{name}.png"
        scores.append(dice(_liver(truth), _liver(mask)))
        title = f"{name} (synthetic): liver Dice {scores[-1]:.3f}"
        save_outlines(phantoms / "imagesTs" / truth.name, {"truth": truth, "prediction": mask}, picture, title=title)
        logger.info("%s  liver Dice %.3f\n    mask     %s\n    picture  %s", name, scores[-1], mask, picture)
    logger.info("mean liver Dice %.3f", sum(scores) / len(scores))


def _liver(file: Path) -> np.ndarray:
    return np.asarray(nib.Nifti1Image.from_filename(file).dataobj) == 1


if __name__ == "__main__":
    main()
