# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are broken in the ways that archives show."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np

__all__ = ["BROKEN", "write_ct"]


def write_ct(path: Path, shape: tuple[int, ...] = (20, 18, 5), affine: np.ndarray | None = None, seed: int = 0) -> None:
    """Write air with a body of soft tissue in it, as int16 in Hounsfield units."""
    rng = np.random.default_rng(seed)
    array = np.full(shape, -1000.0)
    array[2:-2, 2:-2] = 40
    array += rng.normal(0, 10, shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array.astype(np.int16), np.diag([-1.5, 1.5, 4, 1]) if affine is None else affine), path)


def _header_bytes(path: Path, offset: int, value: bytes) -> None:
    """Write a CT and replace bytes of its header."""
    write_ct(path)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[offset : offset + len(value)] = value
    path.write_bytes(gzip.compress(bytes(raw)))


def _truncated(path: Path) -> None:
    write_ct(path)
    path.write_bytes(path.read_bytes()[:-700])


def _wrong_checksum(path: Path) -> None:
    write_ct(path)
    raw = bytearray(path.read_bytes())
    raw[-8] ^= 255
    path.write_bytes(raw)


def _not_finite(path: Path) -> None:
    array = np.zeros((20, 18, 5), np.float32)
    array[0, 0, 0], array[1, 1, 1] = np.nan, np.inf
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, np.eye(4)), path)


def _colours(path: Path) -> None:
    colours = np.zeros((20, 18, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(colours, np.eye(4)), path)


def _denied(path: Path) -> None:
    write_ct(path)
    path.chmod(0)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (_truncated, r"expected .* bytes in a whole gzip file, but it is cut off after [1-9]\d* bytes"),
    "wrong_checksum": (_wrong_checksum, "expected .* bytes in a whole gzip file, but found CRC check failed"),
    "wrong_magic": (lambda path: _header_bytes(path, 344, b"abcd"), "expected a NIfTI file, but found another"),
    "too_short": (lambda path: _header_bytes(path, 46, b"\x63"), r"as its header says \(20 x 18 x 99\), but found"),
    "absurd_size": (
        lambda path: _header_bytes(path, 42, np.array([32000, 32000, 32000], "<i2").tobytes()),
        "expected at most .* voxels, but its header claims 32000 x 32000 x 32000",
    ),
    "not_finite": (_not_finite, "expected finite voxel values, but 2 of 1800"),
    "zero_spacing": (lambda path: _header_bytes(path, 312, bytes(16)), "expected an invertible affine"),
    "absurd_spacing": (
        lambda path: write_ct(path, affine=np.diag([1e3, 1, 1, 1])),
        "expected voxels of 0.01 to 100 mm",
    ),
    "time_series": (lambda path: write_ct(path, shape=(9, 8, 7, 6)), "expected one 3D volume, but found 4 dimensions"),
    "colours": (_colours, "expected one real number per voxel, but found 3"),
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (
        lambda path: path.write_text("a report, renamed\n" * 100),
        "expected a whole gzip file, as its name says, but found a file that is not packed",
    ),
    "denied": (_denied, "can't be read: Permission denied"),
    "loop": (lambda path: os.symlink(path.name, path), "can't be read: Too many levels of symbolic links"),
    "dangling": (lambda path: os.symlink("nowhere.nii.gz", path), "can't be read: No such file or directory"),
}
"""By name: a function that writes such a file, and a regular expression for the reason."""

if hasattr(os, "geteuid") and os.geteuid() == 0:
    del BROKEN["denied"]  # nothing is denied to root
