# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The short demo: make a synthetic CT, segment it with the weights of the bundle, compare the mask with the truth.

    python -m monai_unet3plus.experiments.demo_segment --work_dir .demo

A phantom that is there from an earlier run is used again. Training is in :py:mod:`monai_unet3plus.experiments.demo`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

from ..metrics import dice
from ..phantom.dataset import write_phantoms
from .bundle_process import run_command
from .command_line import make_parser, start_log

__all__ = ["main"]

logger = logging.getLogger(__name__)

_ORGANS = {"liver": 1, "spleen": 2}
_PHANTOM = {"seed": 1, "pixel_size": (0.9, 1.1), "slice_thickness": (4.0, 5.0)}


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the demo.

    Args:
        arguments: command line without the program's name. Defaults to None, that of the process.
    """
    parser = make_parser("experiments.demo_segment", __doc__)
    parser.add_argument("--work_dir", default=".demo", help="folder for the phantom and the masks")
    args = parser.parse_args(arguments)
    start_log()

    data, masks = Path(args.work_dir) / "phantom", Path(args.work_dir) / "phantom_masks"
    if not (data / "dataset.json").is_file():
        logger.info("\n== A synthetic CT ==")
        write_phantoms(data, cases=1, **_PHANTOM)  # type: ignore[arg-type]
    ct, truth = data / "imagesTr" / "phantom_000.nii.gz", data / "labelsTr" / "phantom_000.nii.gz"
    logger.info("\n== Its masks ==")
    run_command([sys.executable, "-m", "monai_unet3plus", "segment", str(ct), str(masks), "--overwrite"])
    _compare(truth, masks / "phantom_000_seg.nii.gz")
    logger.info("\nOpen %s in a browser, or scroll through the CT and its masks:", masks / "report.html")
    logger.info("$ python -m monai_unet3plus view %s", masks)


def _compare(truth_file: Path, mask_file: Path) -> None:
    """Log Dice and volumes, computed from the files alone."""
    logger.info("\n== On a phantom, which says nothing about patients ==")
    truth, mask = (nib.Nifti1Image.from_filename(file) for file in (truth_file, mask_file))
    voxel_ml = float(np.prod(mask.header.get_zooms()[:3])) / 1000
    truth_values, mask_values = np.asarray(truth.dataobj), np.asarray(mask.dataobj)
    for organ, value in _ORGANS.items():
        here, there = mask_values == value, truth_values == value
        volumes = [float(np.count_nonzero(voxels)) * voxel_ml for voxels in (here, there)]
        logger.info("%-6s  Dice %.3f, volume %.0f ml, truth %.0f ml", organ, dice(there, here), *volumes)


if __name__ == "__main__":
    main()
