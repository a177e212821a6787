# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bundle as it is delivered, from the command line to the mask, on a CPU; writes docs/benchmarks.md.

    python -m tests.benchmarks.out_of_the_box --work_dir WORK [--ct FILE] [--rounds 3] [--long 2000]
        [--output docs/benchmarks.md]

The CT is FILE, or a phantom of 512 x 512 x 120 voxels of 0.75 x 0.75 x 2.75 mm, made in WORK: its first and last slices
are repeated to that number. The command runs once to warm up the disk's cache and then some times; no option is given
but the folders. Writing the mask is timed by itself, in this process. A CT of 2000 slices, the same ones over and over,
is segmented once.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from pathlib import Path
from statistics import median
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.data import MetaTensor

from monai_unet3plus.masks.paths import mask_path
from monai_unet3plus.masks.writer import LabelMapWriter
from monai_unet3plus.phantom import make_phantom
from monai_unet3plus.report.schema import read_run
from tests.benchmarks.commands import run_inference
from tests.benchmarks.paired import machine, seconds, spread
from tests.benchmarks.sections import write_section

logger = logging.getLogger("out_of_the_box")

SHAPE = (512, 512, 120)
PIXEL, THICKNESS = 0.75, 2.75


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for image and mask")
    parser.add_argument("--ct", type=Path, help="file of a CT; without it, a phantom is made")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is timed, 2 at least")
    parser.add_argument("--long", type=int, default=2000, help="slices of the long CT")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    data, out = args.work_dir / "data", args.work_dir / "masks"
    data.mkdir(parents=True, exist_ok=True)
    if args.ct:
        image = Path(shutil.copy(args.ct, data))
    else:
        image = data / "phantom.nii.gz"
        nib.save(phantom(), image)
    page = measured(data, out, image, "a CT that was given" if args.ct else "a phantom", args.rounds)
    page += long_ct(image, args.work_dir / "long", args.long)
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def phantom(shape: tuple[int, int, int] = SHAPE) -> nib.Nifti1Image:
    """A phantom with axes towards right, front and head, cut or padded on both sides with the values at its border."""
    made = make_phantom(0, 0, (PIXEL, PIXEL), (THICKNESS, THICKNESS))
    image = nib.as_closest_canonical(nib.Nifti1Image(made.image, made.affine))
    array: Any = np.asarray(image.dataobj)
    origin = []
    for axis, size in enumerate(shape):
        before = (size - array.shape[axis]) // 2
        array = array.take(np.clip(np.arange(size) - before, 0, array.shape[axis] - 1), axis)
        origin.append(-before)
    affine = image.affine.copy()
    affine[:3, 3] = nib.affines.apply_affine(image.affine, origin)
    return nib.Nifti1Image(array, affine)


def measured(data: Path, out: Path, image: Path, kind: str, rounds: int) -> str:
    """The page: times of the command and of its parts."""
    runs, cases = [], []
    for _ in range(rounds + 1):
        runs.append(run_inference(data, out))
        cases.append(read_run(out / "report.json")["cases"][0])
    times, case = [second for second, _ in runs[1:]], [case["seconds"] for case in cases[1:]]
    mask = nib.load(mask_path(image, data, out))
    writing = seconds({"writing": lambda: _write(mask, out / "again.nii.gz")}, rounds)["writing"]
    (out / "again.nii.gz").unlink()
    header: Any = nib.load(image).header
    size, voxel = (" x ".join(f"{n:g}" for n in values) for values in (header.get_data_shape(), header.get_zooms()))
    volumes = ", ".join(f"{organ} {facts['volume_ml']:.0f} ml" for organ, facts in cases[-1]["organs"].items())
    return f"""# Out of the box

Written by `python -m tests.benchmarks.out_of_the_box --work_dir ... --output docs/benchmarks.md`, whose head says
how it is timed.

{machine()}.
The CT is {kind} of {size} voxels of {voxel} mm. The bundle's weights found {volumes}.

| | median of {rounds} runs, with quartiles |
|---|---|
| the command, from its start to its end | {spread(times)} |
| inference and postprocessing of the case within it, with writing | {spread(case)} |
| writing the mask, by itself | {spread(writing)} |

The process held {max(memory for _, memory in runs):.1f} GiB at most.

Writing takes {median(writing) / median(case):.1%} of a case's time here. The same cores would write and compute, so
masks are written in the background only with a GPU. The gain is not measured.
"""


def long_ct(image: Path, work: Path, depth: int) -> str:
    """The page's part about a CT of many slices, those of another one over and over."""
    (work / "data").mkdir(parents=True, exist_ok=True)
    short = nib.Nifti1Image.from_filename(image)
    volume = np.asarray(short.dataobj)[..., np.arange(depth) % short.shape[2]]
    nib.save(nib.Nifti1Image(volume, short.affine), work / "data" / "long.nii")
    voxels = volume.size
    del volume
    taken, held = run_inference(work / "data", work / "masks")
    return f"""
A CT of {depth} such slices, of which the volume in float32 is {voxels * 4 / 2**30:.1f} GiB: {held:.1f} GiB at most,
{taken / 60:.1f} minutes from the command to the mask.
"""


def _write(mask: nib.Nifti1Image, path: Path) -> None:
    writer = LabelMapWriter(output_dtype=np.uint8)
    array = torch.from_numpy(np.asarray(mask.dataobj))[None]
    writer.set_data_array(array)
    writer.set_metadata(MetaTensor(array, affine=torch.from_numpy(mask.affine)).meta)
    writer.write(path)


if __name__ == "__main__":
    main()
