# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Segments mutated files: python -m tests.reliability.fuzz --inputs 1000

Each has to be segmented on its own grid or refused with a reason in one line, without a crash, a hang, or memory
beyond a bound.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import random
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK

from monai_unet3plus.masks.paths import mask_path
from tests.broken_files import write_ct
from tests.bundle.workflows import inference, run, write_checkpoint
from tests.data_sets import write_dicom_series

BATCH = 50
MEMORY_GIB = 3.0
SHAPE = (18, 17, 3)
FORMATS = ("nii", "nii.gz", "unpacked.nii.gz", "nrrd", "packed.nrrd", "mha", "packed.mha", "dicom")
EXTREMES = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\x00\x00\xc0\x7f",
    b"\x00\x00\x80\x7f",
    b"\xff\x7f",
    b"\x00\x00\x00\x4f",
)
NUMBERS = (b"0", b"-1", b"1", b"32768", b"100000", b"4294967296", b"1e308", b"nan", b"inf", b"", b"x")


def fuzz(folder: Path, inputs: int, seed: int = 0) -> Counter[str]:
    """
    Segment mutated files in batches.

    Args:
        folder: empty folder to work in.
        inputs: their number.
        seed: decides the mutations.

    Returns:
        how many were segmented and how many failed, by format.

    Raises:
        AssertionError: When a case is missing from the report, has no reason, or its mask is on another grid.
    """
    checkpoint = str(write_checkpoint(folder, 1))
    originals = _write_originals(folder / "originals")
    counts: Counter[str] = Counter()
    before = _measure_peak()
    for first in range(0, inputs, BATCH):
        data, masks = folder / "data", folder / "masks"
        for number in range(first, min(first + BATCH, inputs)):
            _write_mutant(originals, data, number, random.Random(f"{seed} {number}"))
        try:
            run(inference(data, masks, checkpoint=checkpoint, intensity_check="off", **{"dataset#time_limit": 60}))
        except SystemExit:
            pass
        report = json.loads((masks / "report.json").read_text())["cases"]
        found = {case["image"]: case for case in report}
        for path in sorted(data.iterdir()):
            case = found.get(path.name)
            if case is None and path.is_dir():  # no slice says any more that it is DICOM
                counts[f"{path.name.partition('.')[2]} not found"] += 1
                continue
            assert case is not None, f"{path.name} is not in the report"
            counts[f"{path.name.partition('.')[2]} {case['status']}"] += 1
            if case["status"] == "failed":
                assert case["reason"] and "\n" not in case["reason"], case
                assert "not read within" not in case["reason"], case
            else:
                _check_grid(path, mask_path(path, data, masks))
        shutil.rmtree(data)
        shutil.rmtree(masks)
        peak = _measure_peak()
        assert peak < max(MEMORY_GIB, before + 0.1), f"{peak:.1f} GiB, after {before:.1f} GiB before"
        print(f"{first + BATCH} inputs, peak memory {peak:.2f} GiB, {dict(sorted(counts.items()))}", flush=True)
    return counts


def _measure_peak() -> float:
    """Most memory that the process has had so far, in GiB; other tests may have needed more before."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _write_originals(folder: Path) -> dict[str, Path]:
    affine = np.array([[-1.5, 0.1, 0, 20], [0.1, 1.5, 0, -30], [0, 0, 4, 7], [0, 0, 0, 1]])
    write_ct(folder / "a.nii.gz", SHAPE, affine)
    image = SimpleITK.ReadImage(str(folder / "a.nii.gz"))
    paths = {name: folder / f"a.{name}" for name in FORMATS}
    for name, path in paths.items():
        if name == "dicom":
            write_dicom_series(folder / "a.nii.gz", path)
        elif "nii.gz" not in name:
            SimpleITK.WriteImage(image, str(path), name.startswith("packed"))
    paths["unpacked.nii.gz"] = paths["nii.gz"]
    return paths


def _write_mutant(originals: dict[str, Path], folder: Path, number: int, rng: random.Random) -> None:
    name = FORMATS[number % len(FORMATS)]
    target = folder / f"{number:05d}.{name}"
    folder.mkdir(exist_ok=True)
    if name == "dicom":
        shutil.copytree(originals[name], target)
        slice_ = rng.choice(sorted(target.iterdir()))
        slice_.write_bytes(mutated(slice_.read_bytes(), rng, 1000))
        return
    content = originals[name].read_bytes()
    if name == "unpacked.nii.gz":  # the content of the gzip is mutated, and the checksum is right
        target.write_bytes(gzip.compress(mutated(gzip.decompress(content), rng, 348)))
    else:
        target.write_bytes(mutated(content, rng, 348))


def mutated(content: bytes, rng: random.Random, header: int) -> bytes:
    """
    Damage a file as transfers, programs and attackers do.

    Args:
        content: the file's.
        rng: decides the mutations.
        header: number of bytes at its start in which most of it is done.
    """

    def cut(raw: bytearray) -> None:
        del raw[rng.randrange(len(raw)) :]

    def drop(raw: bytearray) -> None:
        at = rng.randrange(header)
        del raw[at : at + rng.randint(1, 16)]

    def insert(raw: bytearray) -> None:
        at = rng.randrange(header)
        raw[at:at] = rng.randbytes(rng.randint(1, 16))

    def flip(raw: bytearray) -> None:
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(min(header, len(raw)))] ^= 1 << rng.randrange(8)

    def flip_anywhere(raw: bytearray) -> None:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)

    def extreme(raw: bytearray) -> None:
        value, at = rng.choice(EXTREMES), rng.randrange(header)
        raw[at : at + len(value)] = value

    def number(raw: bytearray) -> None:
        digits = [at for at in range(min(header, len(raw))) if chr(raw[at]).isdigit()]
        if digits:
            start = end = rng.choice(digits)
            while end < len(raw) and chr(raw[end]) in "0123456789.":
                end += 1
            raw[start:end] = rng.choice(NUMBERS)

    mutations: tuple[Callable[[bytearray], None], ...] = (cut, drop, insert, flip, flip_anywhere, extreme, number)
    raw = bytearray(content)
    for _ in range(rng.randint(1, 2)):
        if raw:
            rng.choice(mutations)(raw)
    return bytes(raw)


def _check_grid(image: Path, mask: Path) -> None:
    """The mask against one that another library than MONAI reads."""
    written = nib.load(mask)
    if image.name.endswith((".nii", ".nii.gz")):
        header = nib.load(image)
        shape, affine = header.shape, header.affine
    else:
        if image.is_dir():
            reader = SimpleITK.ImageSeriesReader()
            reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(image)))
            volume = reader.Execute()
        else:
            volume = SimpleITK.ReadImage(str(image))
        shape, affine = volume.GetSize(), np.eye(4)
        affine[:3, :3] = np.reshape(volume.GetDirection(), (3, 3)) * volume.GetSpacing()
        affine[:3, 3] = volume.GetOrigin()
        affine = np.diag([-1.0, -1, 1, 1]) @ affine
    assert written.shape == tuple(shape)[:3], (image.name, written.shape, shape)
    np.testing.assert_allclose(written.affine, affine, rtol=1e-4, atol=1e-3, err_msg=image.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as work:
        fuzz(Path(work), arguments.inputs, arguments.seed)
