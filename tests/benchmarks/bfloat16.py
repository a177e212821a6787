# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compare the bundle's masks and times in bfloat16 and float32, on a CPU; writes docs/benchmarks.md.

    python -m tests.benchmarks.bfloat16 --work_dir WORK [--labelled LABELLED] [--output docs/benchmarks.md]

The bundle's inference runs twice with its weights, on the cases of LABELLED, a folder of a folder per case with
`image.nii.gz` and `label.nii.gz`, or else on phantoms, which are made in WORK. Time is that of the bundle's network
alone, on one image of 3 x 320 x 320.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean

import nibabel as nib
import numpy as np
import torch
from monai.bundle import ConfigParser

from monai_unet3plus.metrics import dice
from monai_unet3plus.networks import has_native_bfloat16, prepare_for_inference
from tests.benchmarks.paired import machine, ratio, seconds, spread
from tests.benchmarks.sections import write_section

logger = logging.getLogger("bfloat16")

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
ORGANS = {"liver": 1, "spleen": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for images and masks")
    parser.add_argument("--labelled", type=Path, help="folder of a folder per case; without it, phantoms are made")
    parser.add_argument("--output", type=Path, help="page whose section to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if not has_native_bfloat16("cpu"):
        logger.info("# bfloat16 on CPUs\n\nNot measured: this processor has no instructions for bfloat16.")
        return
    labels = labelled(args.labelled, args.work_dir) if args.labelled else phantoms(args.work_dir)
    kind = "cases, which the weights may have seen in training" if args.labelled else "phantoms"
    page = f"""# bfloat16 on CPUs

`python -m tests.benchmarks.bfloat16 --work_dir ...{" --labelled ..." if args.labelled else ""} --output
docs/benchmarks.md` writes this section. The head of the program describes the comparison.

{machine()}.
The comparison uses {len(labels)} {kind}.

{masks(args.work_dir, labels)}
{time()}"""
    logger.info(page)
    if args.output:
        write_section(args.output, page)


def labelled(folder: Path, work: Path) -> dict[str, Path]:
    """Labels by name; the images are copied to the folder of images."""
    cases = sorted(case for case in folder.iterdir() if (case / "label.nii.gz").is_file())
    (work / "images").mkdir(parents=True, exist_ok=True)
    for case in cases:
        shutil.copy(case / "image.nii.gz", work / "images" / f"{case.name}.nii.gz")
    return {case.name: case / "label.nii.gz" for case in cases}


def phantoms(work: Path) -> dict[str, Path]:
    command = [sys.executable, "-m", "monai_unet3plus.phantom", "--output_dir", str(work / "phantoms")]
    command += ["--seed", "2024", "--cases", "4", "--pixel_size", "1.6", "1.8", "--slice_thickness", "5", "5"]
    subprocess.run(command, check=True)
    shutil.copytree(work / "phantoms" / "imagesTr", work / "images", dirs_exist_ok=True)
    return {file.name.removesuffix(".nii.gz"): file for file in sorted((work / "phantoms" / "labelsTr").iterdir())}


def masks(work: Path, labels: dict[str, Path]) -> str:
    """A table of the Dice of each case and organ, in float32 and in bfloat16."""
    for lower in (False, True):
        command = [sys.executable, "-m", "monai.bundle", "run", "--bundle_root", str(BUNDLE), "--overwrite", "True"]
        command += ["--config_file", str(BUNDLE / "configs" / "inference.json"), "--bfloat16", str(lower)]
        command += ["--dataset_dir", str(work / "images"), "--output_dir", str(work / f"masks_{lower}")]
        subprocess.run(command, check=True, capture_output=True)
    rows = ["| case | organ | Dice, float32 | Dice, bfloat16 | change | Dice of one mask with the other |"]
    rows.append("|---|---|---|---|---|---|")
    changes = []
    for name, label in labels.items():
        files = label, *(work / f"masks_{lower}" / f"{name}_seg.nii.gz" for lower in (False, True))
        volumes = [np.asarray(nib.load(file).dataobj) for file in files]
        for organ, value in ORGANS.items():
            truth, single, half = (volume == value for volume in volumes)
            before, after = dice(truth, single), dice(truth, half)
            changes.append(after - before)
            rows.append(
                f"| {name} | {organ} | {before:.5f} | {after:.5f} | {changes[-1]:+.5f} | {dice(single, half):.5f} |"
            )
    rows += ["", f"Dice changes by {mean(changes):+.5f} on average, and by {max(map(abs, changes)):.5f} at most."]
    return "\n".join(rows) + "\n"


@torch.inference_mode()
def time() -> str:
    """A sentence on the time that the bundle's network takes."""
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "inference.json")
    parser["classification_guided"] = False
    network = parser.get_parsed_content("network_def")
    image = torch.rand(1, 3, 320, 320, generator=torch.Generator().manual_seed(0))
    single, half = prepare_for_inference(network), prepare_for_inference(network, torch.bfloat16)
    found = seconds({"single": lambda: single(image), "half": lambda: half(image)}, 15)
    return (
        f"The bundle's network, with `features` of {parser['features']}, takes {spread(found['half'])} in bfloat16\n"
        f"and {spread(found['single'])} in float32, medians with quartiles of 15 rounds.\n"
        f"The ratio is {ratio(found['half'], found['single'])}.\n"
    )


if __name__ == "__main__":
    main()
