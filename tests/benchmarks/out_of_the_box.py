# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bundle as it is delivered, from the command line to the mask, on a CPU; writes docs/benchmarks.md.

    python -m tests.benchmarks.out_of_the_box --work_dir WORK [--ct FILE] [--rounds 3] [--long 2000]
        [--beside CHECKOUT] [--output docs/benchmarks.md]

The CT is FILE, or a phantom of 512 x 512 x 120 voxels of 0.75 x 0.75 x 2.75 mm, made in WORK: its first and last slices
are repeated to that number. The commands take turns, once to warm up the disk's cache and then some times; no option is
given but the folders. A further command has a clock at its parts. A CT of 2000 slices, the same ones over and over,
is segmented once, or not at all with ``--long 0``. The command of another checkout of the repository, with its own
weights, takes turns with this one's.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import nibabel as nib
import numpy as np

from monai_unet3plus.phantom import make_phantom
from monai_unet3plus.report.schema import read_run
from tests.benchmarks.commands import Run, run_inference, run_segment, time_parts
from tests.benchmarks.paired import machine, ratio, spread
from tests.benchmarks.sections import write_section

logger = logging.getLogger("out_of_the_box")

_SEGMENT, _BUNDLE = "python -m monai_unet3plus segment", "python -m monai.bundle run"
_BESIDE = "the first command at an older commit"
SHAPE = (512, 512, 120)
PIXEL, THICKNESS = 0.75, 2.75


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for image and mask")
    parser.add_argument("--ct", type=Path, help="file of a CT; without it, a phantom is made")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is timed, 2 at least")
    parser.add_argument("--long", type=int, default=2000, help="slices of the long CT")
    parser.add_argument("--beside", type=Path, help="another checkout, whose command takes turns")
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
    page = measured(data, out, image, "a CT that was given" if args.ct else "a phantom", args.rounds, args.beside)
    if args.long:
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


def measured(data: Path, out: Path, image: Path, kind: str, rounds: int, beside: Path | None = None) -> str:
    """The page: times of the commands and of the parts of one."""
    runs: dict[str, list[Run]] = defaultdict(list)
    parts: dict[str, list[float]] = defaultdict(list)
    for turn in range(rounds + 1):
        done = {_SEGMENT: run_segment(image, out), _BUNDLE: run_inference(data, out)}
        if beside is not None:
            done[_BESIDE] = run_segment(image, out / "beside", beside.resolve())
        taken = time_parts(image, out / "parts")
        if turn:
            for name, each in done.items():
                runs[name].append(each)
            for name, second in taken.items():
                parts[name].append(second)
    case = read_run(out / "report.json")["cases"][0]
    header: Any = nib.load(image).header
    size, voxel = (" x ".join(f"{n:g}" for n in values) for values in (header.get_data_shape(), header.get_zooms()))
    volumes = ", ".join(f"{organ} {facts['volume_ml']:.0f} ml" for organ, facts in case["organs"].items())
    rows = [
        f"| {name} | {spread([run.seconds for run in each])} | {spread([run.processor for run in each])} "
        f"| {max(run.memory for run in each):.1f} GiB |"
        for name, each in runs.items()
    ]
    if beside is not None:
        ours, theirs = runs[_SEGMENT], runs[_BESIDE]
        shares = [ratio([r[field] for r in ours], [r[field] for r in theirs]) for field in (0, 1)]
        rows.append(f"| ratio of the first command to the older one | {shares[0]} | {shares[1]} | |")
    return f"""# Out of the box

`python -m tests.benchmarks.out_of_the_box --work_dir ... --output docs/benchmarks.md` writes this section. The head of
the program explains how it measures.

{machine()}.
The CT is {kind} of {size} voxels of {voxel} mm. The bundle's weights found {volumes}.

| from the command to the mask, {rounds} runs | median with quartiles | processor time | most memory |
|---|---|---|---|
{chr(10).join(rows)}

The parts of `{_SEGMENT}` take these seconds (medians):

| part | seconds |
|---|---|
{chr(10).join(f"| {name} | {median(each):.2f} |" for name, each in parts.items())}
"""


def long_ct(image: Path, work: Path, depth: int) -> str:
    """The page's part about a CT of many slices, those of another one over and over."""
    (work / "data").mkdir(parents=True, exist_ok=True)
    short = nib.Nifti1Image.from_filename(image)
    volume = np.asarray(short.dataobj)[..., np.arange(depth) % short.shape[2]]
    nib.save(nib.Nifti1Image(volume, short.affine), work / "data" / "long.nii")
    voxels = volume.size
    del volume
    done = run_inference(work / "data", work / "masks")
    return f"""
A CT of {depth} such slices, whose volume in float32 takes {voxels * 4 / 2**30:.1f} GiB, needs
{done.memory:.1f} GiB at most, and {done.seconds / 60:.1f} minutes from the start of the command to the mask.
"""


if __name__ == "__main__":
    main()
