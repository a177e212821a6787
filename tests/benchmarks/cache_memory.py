# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""
Resident memory of a training's data pipeline, as the number of volumes grows.

    python -m tests.benchmarks.cache_memory --work_dir FOLDER [--volumes 10 60] [--crops 300]

The folder has to have room for 5 bytes per voxel of the largest set; what is written there is removed in the end.
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
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged, Orientationd

from monai_unet3plus.data.memmap_cache import MemmapCacheDataset
from monai_unet3plus.transforms import RandSlabCropd

logger = logging.getLogger("cache_memory")

SHAPE = (512, 512, 60)
KEYS = ["image", "label"]


def main() -> None:
    """Measure each number of volumes in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cache_memory", description=__doc__)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for volumes and cache")
    parser.add_argument("--volumes", type=int, nargs="+", default=[10, 60], help="numbers of volumes")
    parser.add_argument("--crops", type=int, default=300, help="number of crops to draw")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if args.measure:
        measure(args.work_dir, args.volumes[0], args.crops)
        return
    logger.info("%s, volumes of %s voxels, %d crops of 320 x 320 x 3", platform.machine(), SHAPE, args.crops)
    for count in args.volumes:
        command = [sys.executable, "-m", "tests.benchmarks.cache_memory", "--measure"]
        command += ["--work_dir", str(args.work_dir), "--volumes", str(count), "--crops", str(args.crops)]
        subprocess.run(command, check=True)


def measure(work: Path, count: int, crops: int) -> None:
    """Build the cache, draw crops, and log the peak of the process."""
    folder = work / f"volumes_{count}"
    try:
        transform = Compose(
            [
                LoadImaged(KEYS),
                EnsureChannelFirstd(KEYS, channel_dim="no_channel"),
                Orientationd(KEYS, axcodes="RAS", labels=(("L", "R"), ("P", "A"), ("I", "S"))),
                RandSlabCropd(KEYS, "label", (320, 320), [3, 1]),
            ]
        )
        dataset = MemmapCacheDataset(write_volumes(folder, count), transform, folder / "cache")
        for draw in range(crops):
            dataset[draw % count]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        size = sum(path.stat().st_size for path in (folder / "cache").rglob("*.npy")) / 2**30
        logger.info("%d volumes: %.2f GiB on disk, peak of resident memory %.2f GiB", count, size, peak)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_volumes(folder: Path, count: int) -> list[dict[str, str]]:
    """Volumes of noise with a box for an organ."""
    folder.mkdir(parents=True)
    cases = []
    for index in range(count):
        image = np.random.default_rng(index).integers(-1000, 1000, SHAPE, dtype=np.int16)
        label = np.zeros(SHAPE, np.uint8)
        label[100:300, 150:350, 10:50] = 1
        case = {key: str(folder / f"{key}_{index}.nii") for key in KEYS}
        for key, array in zip(KEYS, (image, label)):
            nib.save(nib.Nifti1Image(array, np.diag([0.8, 0.8, 2.0, 1.0])), case[key])
        cases.append(case)
    return cases


if __name__ == "__main__":
    main()
