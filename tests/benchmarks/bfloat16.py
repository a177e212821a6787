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
What bfloat16 changes in the bundle's masks, and what time it takes, on a CPU; writes docs/bfloat16.md.

    python -m tests.benchmarks.bfloat16 --work_dir FOLDER [--cases 6] [--output docs/bfloat16.md]

The bundle's inference runs twice with the bundle's weights, on phantoms that are made in FOLDER and that no training
has seen. Time is that of the bundle's network alone, on one image of 3 x 320 x 320.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path
from statistics import mean

import nibabel as nib
import numpy as np
import torch
from monai.bundle import ConfigParser

from monai_unet3plus.metrics import dice
from monai_unet3plus.networks import prepare_for_inference
from tests.benchmarks.paired import machine, ratio, seconds, spread

logger = logging.getLogger("bfloat16")

BUNDLE = Path(__file__).resolve().parents[2] / "bundle"
SEED = "2024"  # not that of the training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True, help="folder for phantoms and masks")
    parser.add_argument("--cases", type=int, default=6, help="number of phantoms")
    parser.add_argument("--output", type=Path, help="file to write, besides the log")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    page = f"""# bfloat16 on CPUs

Written by `python -m tests.benchmarks.bfloat16 --work_dir FOLDER --output docs/bfloat16.md`, whose head says what is
compared.

{machine()}.

{masks(args.work_dir, args.cases)}
{time()}"""
    logger.info(page)
    if args.output:
        args.output.write_text(page, encoding="utf-8")


def phantoms(folder: Path, cases: int) -> Path:
    if not folder.is_dir():
        command = [sys.executable, "-m", "monai_unet3plus.data.phantom", "--output_dir", str(folder), "--seed", SEED]
        command += ["--cases", "1", "--test_cases", str(cases), "--pixel_size", "1.6", "1.8"]
        subprocess.run([*command, "--slice_thickness", "5", "5"], check=True)
    return folder


def masks(work: Path, cases: int) -> str:
    """A sentence on the Dice of all phantoms, in float32 and in bfloat16."""
    data = phantoms(work / "phantoms", cases)
    single, half = (scores(work / f"masks_{lower}", data, lower) for lower in (False, True))
    moved = max(abs(a - b) for a, b in zip(single, half))
    return (
        f"Mean liver Dice of the bundle's weights on {len(single)} phantoms: {mean(single):.5f} in float32 and "
        f"{mean(half):.5f} in bfloat16,\nthat is {mean(half) - mean(single):+.5f}. That of one phantom moves by "
        f"{moved:.5f} at most.\n"
    )


def scores(output: Path, data: Path, lower: bool) -> list[float]:
    """The Dice of each phantom's liver, in the masks that the bundle writes."""
    command = [sys.executable, "-m", "monai.bundle", "run", "--config_file", str(BUNDLE / "configs" / "inference.json")]
    command += ["--bundle_root", str(BUNDLE), "--dataset_dir", str(data), "--output_dir", str(output)]
    subprocess.run([*command, "--bfloat16", str(lower)], check=True, capture_output=True)
    return [
        dice(liver(truth), liver(output / truth.name.replace(".nii", "_seg.nii")))
        for truth in sorted((data / "labelsTs").iterdir())
    ]


def liver(file: Path) -> np.ndarray:
    return np.asarray(nib.load(file).dataobj) == 1


@torch.inference_mode()
def time() -> str:
    """A sentence on the time that the bundle's network takes."""
    parser = ConfigParser()
    parser.read_config(BUNDLE / "configs" / "inference.json")
    parser["deep_supervision"] = parser["classification_guided"] = False
    network = parser.get_parsed_content("network_def")
    image = torch.rand(1, 3, 320, 320, generator=torch.Generator().manual_seed(0))
    single, half = prepare_for_inference(network), prepare_for_inference(network, torch.bfloat16)
    found = seconds({"single": lambda: single(image), "half": lambda: half(image)}, 15)
    return (
        f"The bundle's network, features {parser['features']}, takes {ratio(found['half'], found['single'])} of the\n"
        f"time in bfloat16: {spread(found['half'])} instead of {spread(found['single'])}, medians with\n"
        "quartiles of 15 turns.\n"
    )


if __name__ == "__main__":
    main()
