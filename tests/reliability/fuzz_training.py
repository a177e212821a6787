# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Trains on mutated files: python -m tests.reliability.fuzz_training --cases 100

Each case has to be left out with a reason in one line, before the first epoch, or trained on; the training has to end.
With ``strict`` it has to stop before that epoch, if any case is left out.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import random
import re
import tempfile
from pathlib import Path

from tests.bundle.workflows import run, training
from tests.data_sets import write_boxes
from tests.reliability.fuzz import mutated

WHOLE = 2  # cases that nothing is done to
BAD_CASES = "monai_unet3plus.data.bad_cases"


def fuzz_training(folder: Path, cases: int, seed: int = 0) -> dict[str, int]:
    """
    Train on files of which all but two are mutated, images and label maps in turns.

    Args:
        folder: empty folder to work in.
        cases: number of those that are mutated.
        seed: decides the mutations.

    Returns:
        how many were trained on or validated with, and how many left out.

    Raises:
        AssertionError: When a case is left out without a reason, or the training goes on where it should not.
    """
    data, original = folder / "data", folder / "original"
    write_boxes(original, cases=1, test_cases=0, shape=(30, 28, 4))
    for number in range(WHOLE + cases):
        for kind in ("imagesTr", "labelsTr"):
            content = (original / kind / "box_0.nii.gz").read_bytes()
            if number >= WHOLE and kind == ("imagesTr", "labelsTr")[number % 2]:
                rng = random.Random(f"{seed} {number}")
                if number % 4 < 2:
                    content = mutated(content, rng, 348)
                else:  # the content of the gzip is mutated, and the checksum is right
                    content = gzip.compress(mutated(gzip.decompress(content), rng, 348))
            path = data / kind / f"{number:05d}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    left_out = _train(data, folder / "out", strict=False)
    assert (folder / "out" / "models" / "model_last.pt").is_file(), "the training did not end"
    if left_out:
        strictly = _train(data, folder / "strict", strict=True)
        assert strictly and strictly <= left_out, strictly - left_out
        assert not (folder / "strict" / "models").exists(), "an epoch was trained"
    names = {f"{number:05d}" for number in range(WHOLE)}
    assert not names & left_out, "a whole case was left out"
    return {"used": WHOLE + cases - len(left_out), "left_out": len(left_out)}


def _train(data: Path, out: Path, strict: bool) -> set[str]:
    """The names of the cases that were left out."""
    lines: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger(BAD_CASES)
    logger.addHandler(handler)
    try:
        run(training(data, out, strict=strict, num_samples=1, val_fraction=0.5))
    except SystemExit as e:
        assert strict and e.code == 1, f"status {e.code}"
    else:
        assert not strict, "the training went on"
    finally:
        logger.removeHandler(handler)
    names = set()
    for line in lines:
        found = re.fullmatch(r"left out: \S*/(?:image|label)sTr/(\d+)\.nii\.gz: .+", line)
        assert found and "\n" not in line, line
        names.add(found[1])
    return names


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        print(fuzz_training(Path(work), arguments.cases, arguments.seed))
