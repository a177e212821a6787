# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Kills training at random moments: python -m tests.reliability.kill_training --times 20

After each kill every checkpoint under its final name has to be whole, and the resumed training has to end with the
weights of an undisturbed one. Checkpoints are written slowly, so that many kills come while one is half-written.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from tests.bundle.workflows import run, training
from tests.data_sets import write_boxes
from tests.reliability.killing import killed_after, seconds_of

save = torch.save


def kill_training(folder: Path, times: int, seed: int = 0, epochs: int = 4, pause: float = 1.0) -> dict[str, int]:
    """
    Kill training, resume it, and check the files that it leaves.

    Args:
        folder: empty folder to work in.
        times: number of kills that come within a training; others, after its end, are not counted.
        seed: decides the moments.
        epochs: their number.
        pause: seconds for which each checkpoint is half-written.

    Returns:
        the number of kills, of those that left a half-written file under another name, of checkpoints that were there
        after them, and of trainings that ended.

    Raises:
        AssertionError: When a file is not whole, a training can't be resumed, or ends with other weights.
    """
    torch.set_num_threads(1)  # forked processes have no others
    data, out, reference = folder / "data", folder / "out", folder / "reference"
    write_boxes(data, cases=4, test_cases=0)
    train = partial(_train, data, epochs=epochs, pause=pause)
    longest = seconds_of(partial(train, reference))
    rng = random.Random(seed)
    counts = {"kills": 0, "half_written": 0, "checkpoints": 0, "trainings": 0}
    while counts["kills"] < times:
        if killed_after(rng.uniform(0, longest), partial(train, out)):
            counts["kills"] += 1
            counts["half_written"] += bool(_hidden_files(out))
            counts["checkpoints"] += _check(out, reference)
        if (out / "models" / "model_last.pt").is_file():
            counts["trainings"] += 1
            shutil.rmtree(out)
    seconds_of(partial(train, out))
    counts["trainings"] += 1
    assert _check(out, reference) == _check(reference, reference) == 3
    assert _rows(out) == _rows(reference), "another history"
    assert not _hidden_files(out), _hidden_files(out)
    return counts


def _train(data: Path, out: Path, epochs: int, pause: float) -> None:
    with mock.patch.object(torch, "save", partial(_save_slowly, pause)):
        run(training(data, out, epochs=epochs, resume=True))


def _save_slowly(pause: float, state: Any, path: Path) -> None:
    whole = io.BytesIO()
    save(state, whole)
    content = whole.getvalue()
    with path.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(pause)
        file.write(content[len(content) // 2 :])


def _hidden_files(out: Path) -> list[str]:
    """Half-written files; the lock of the folder stays where it is."""
    return [path.name for path in (out / "models").glob(".*") if path.name != ".lock"]


def _check(out: Path, reference: Path) -> int:
    """Check the files with a final name; how many checkpoints there are."""
    load = partial(torch.load, weights_only=True)
    paths = [path for path in out.glob("models/*") if not path.name.startswith(".")]
    for path in paths:
        found, expected = load(path), load(reference / "models" / path.name)
        assert found.keys() == expected.keys(), path
        for name, value in expected.items() if path.name == "model_last.pt" else ():
            assert torch.equal(found[name], value), f"{path}: other weights, {name}"
    assert [int(row["epoch"]) for row in _rows(out)] == list(range(1, len(_rows(out)) + 1))
    return len(paths)


def _rows(out: Path) -> list[dict[str, str]]:
    table = out / "history.csv"
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(kill_training(Path(name), arguments.times, arguments.seed))
