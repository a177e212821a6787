# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Kills inference at random moments: python -m tests.reliability.kill_inference --times 100

After each kill every mask under its final name has to be whole and equal to that of an undisturbed run, and each next
run has to leave finished masks alone.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from PIL import Image

from tests.broken_files import write_ct
from tests.bundle.workflows import inference, run, write_checkpoint
from tests.reliability.killing import killed_after, seconds_of

CASES = 6


def kill_inference(folder: Path, times: int, seed: int = 0) -> dict[str, int]:
    """
    Kill inference and check the files that it leaves.

    Args:
        folder: empty folder to work in.
        times: number of kills.
        seed: decides the moments.

    Returns:
        the number of kills, of those within a run, and of masks that were there after them.

    Raises:
        AssertionError: When a mask is not whole, or something else is in the folder, or a run did more than it should.
    """
    torch.set_num_threads(1)  # forked processes have no others
    data, masks, reference = folder / "data", folder / "masks", folder / "reference"
    for number in range(CASES):
        write_ct(data / f"case_{number}.nii.gz", (36, 34, 3), seed=number)
    checkpoint = str(write_checkpoint(folder, 1))
    longest = seconds_of(lambda: run(inference(data, reference, checkpoint=checkpoint)))
    rng = random.Random(seed)
    counts = {"kills": 0, "within_a_run": 0, "masks": 0}
    while counts["kills"] < times:
        counts["within_a_run"] += killed_after(
            rng.uniform(0, 1.2 * longest), lambda: run(inference(data, masks, checkpoint=checkpoint))
        )
        counts["kills"] += 1
        done = _check(masks, reference)
        counts["masks"] += done
        if done == CASES:
            shutil.rmtree(masks)
    recorded = len(list(masks.glob("*_seg.json")))
    run(inference(data, masks, checkpoint=checkpoint))
    statuses = [case["status"] for case in json.loads((masks / "report.json").read_text())["cases"]]
    assert statuses.count("unchanged") == recorded and statuses.count("segmented") == CASES - recorded, statuses
    assert _check(masks, reference) == CASES
    hidden = [path.name for path in masks.iterdir() if path.name.startswith(".") and path.name != ".lock"]
    assert not hidden, hidden
    return counts


def _check(masks: Path, reference: Path) -> int:
    """Check all files with a final name; how many masks there are."""
    visible = [path for path in masks.glob("*") if not path.name.startswith(".")]
    for path in visible:
        assert (reference / path.name).is_file(), f"{path} should not be there"
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".webp":
            Image.open(path).load()
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), f"{path} is not whole"
        else:
            mask, expected = nib.load(path), nib.load(reference / path.name)
            np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(expected.dataobj))
            np.testing.assert_array_equal(mask.affine, expected.affine)
    return sum(path.name.endswith(".nii.gz") for path in visible)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(kill_inference(Path(name), arguments.times, arguments.seed))
