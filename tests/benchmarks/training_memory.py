# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Peak of resident memory of a training and of its validation, as the number of volumes grows and for long volumes.

    python -m tests.benchmarks.training_memory --work_dir FOLDER [--volumes 10 60] [--long_slices 1000]

Everything but the volumes is the bundle's ``train.json``: the cache is built, crops are drawn, and one volume is
validated. The folder has to have room for 6 bytes per voxel of the largest set; files written there are removed in
the end.
"""

from __future__ import annotations

import argparse
import logging
import platform
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from monai.bundle import ConfigParser

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
logger = logging.getLogger("training_memory")

SLICES = 60  # of the many volumes


def main() -> None:
    """Measure each set of volumes in processes of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.training_memory", description=__doc__)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for volumes and cache")
    parser.add_argument("--volumes", type=int, nargs="+", default=[10, 60], help="numbers of volumes of 60 slices")
    parser.add_argument(
        "--long_slices", type=int, default=1000, help="slices of the long volumes, of which there are 2"
    )
    parser.add_argument("--crops", type=int, default=300, help="number of crops to draw")
    parser.add_argument("--measure", choices=("train", "validate"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.measure:
        measure(args.measure, args.work_dir, args.crops)
        return
    logger.info("%s, slices of 512 x 512, %d crops of 320 x 320 x 3", platform.machine(), args.crops)
    for count, slices in [(count, SLICES) for count in args.volumes] + [(2, args.long_slices)]:
        folder = args.work_dir / f"volumes_{count}_{slices}"
        try:
            write_volumes(folder, count, slices)
            for part in ("train", "validate"):
                command = [sys.executable, "-m", "tests.benchmarks.training_memory", "--measure", part]
                command += ["--work_dir", str(folder), "--crops", str(args.crops)]
                peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
                logger.info("%d volumes of %d slices, %s: %s GiB", count, slices, part, peak)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def measure(part: str, folder: Path, crops: int) -> None:
    """Build the cache and draw crops, or validate one volume; log the process's peak in GiB."""
    parser = ConfigParser()
    parser.read_meta(BUNDLE / "configs" / "metadata.json")
    parser.read_config(BUNDLE / "configs" / "train.json")
    parser.update({"bundle_root": str(BUNDLE), "dataset_dir": str(folder), "output_dir": str(folder / "out")})
    parser.update(
        {
            "device": "cpu",
            "organs": {"liver": 1},
            "pixel_size": None,
            "val_fraction": 0.01,
            "ckpt_dir": str(folder / "models"),
        }
    )
    if part == "train":
        dataset = parser.get_parsed_content("train#dataset")
        for draw in range(crops // parser["num_samples"]):
            dataset[draw % len(dataset)]
    else:
        parser.get_parsed_content("validate#evaluator").run()
    logger.info("%.2f", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def write_volumes(folder: Path, count: int, slices: int) -> None:
    """Volumes of noise with a box for an organ, in the Decathlon's folders."""
    for index in range(count):
        image = np.random.default_rng(index).integers(-1000, 1000, (512, 512, slices), dtype=np.int16)
        label = np.zeros(image.shape, np.uint8)
        label[100:300, 150:350, 10:50] = 1
        for kind, array in (("imagesTr", image), ("labelsTr", label)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(array, np.diag([-0.8, -0.8, 2.0, 1.0])), folder / kind / f"{index}.nii")


if __name__ == "__main__":
    main()
