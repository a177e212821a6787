# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Data sets of phantoms in the folder layout of the Medical Segmentation Decathlon."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import nibabel as nib

from ..utils.files import replacing
from ..utils.progress import Progress
from .scan import check_ranges, make_phantom
from .shapes import Array

__all__ = ["check_arguments", "write_phantoms"]

Range = tuple[float, float]

_DESCRIPTION = (
    "Synthetic phantom, not patient data: random geometric abdomens with liver and spleen, made to test pipelines. "
    "They resemble no patient, and results on them say nothing about patients."
)


def write_phantoms(
    output_dir: str | os.PathLike[str],
    cases: int,
    seed: int,
    test_cases: int = 0,
    pixel_size: Range = (0.6, 0.9),
    slice_thickness: Range = (1.0, 5.0),
    workers: int | None = None,
) -> Path:
    """Write a data set of phantoms: CT images and labels as NIfTI, and ``dataset.json``.

    The phantoms are made to test pipelines; results on them say nothing about patients. Files of an earlier run with
    the same names are replaced; each file appears whole or not at all, and ``dataset.json`` last. The bytes of case
    ``i`` depend on ``seed``, ``i`` and the two ranges only (with one version of NumPy on one kind of processor).

    Args:
        output_dir: folder to write to, made if missing. Gets ``imagesTr/phantom_000.nii.gz`` (int16 HU),
            ``labelsTr/phantom_000.nii.gz`` (uint8; 0 background, 1 liver, 2 spleen) and so on, and the same in
            ``imagesTs`` and ``labelsTs`` if there are test cases.
        cases: number of training cases, 1 or more.
        seed: 0 or more.
        test_cases: number of test cases, 0 or more; they are numbered on from the training cases.
        pixel_size: smallest and largest pixel size in mm.
        slice_thickness: smallest and largest slice thickness in mm.
        workers: number of processes, 1 or more; by default one per processor, but no more than cases. More than one
            are spawned, so a script that calls this needs the usual ``if __name__ == "__main__"``.

    Returns:
        The path of ``dataset.json``.

    Raises:
        ValueError: if an argument is out of its range, see :func:`check_arguments`.
    """
    check_arguments(output_dir, cases, seed, test_cases, pixel_size, slice_thickness, workers)
    root, total = Path(output_dir), cases + test_cases
    for part in ("Tr", "Ts") if test_cases else ("Tr",):
        for kind in ("images", "labels"):
            (root / f"{kind}{part}").mkdir(parents=True, exist_ok=True)
    write = partial(_write_case, root, cases, seed, pixel_size, slice_thickness)
    processes = min(workers or os.cpu_count() or 1, total)
    with Progress(total, "cases", "phantoms") as progress:
        for _ in _each(write, total, processes):
            progress.update()
    path = root / "dataset.json"
    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(_index(cases, test_cases), indent=2) + "\n", encoding="utf-8", newline="\n")
    return path


def check_arguments(
    output_dir: str | os.PathLike[str],
    cases: int,
    seed: int,
    test_cases: int,
    pixel_size: Range,
    slice_thickness: Range,
    workers: int | None,
) -> None:
    """Check the arguments of :func:`write_phantoms` without writing anything.

    Raises:
        ValueError: one sentence that begins with the name of the first argument that is wrong, with the value
            found and the one expected.
    """
    for name, value, least in (("cases", cases, 1), ("seed", seed, 0), ("test_cases", test_cases, 0)):
        if value < least:
            raise ValueError(f"{name}: found {value}, expected an integer of {least} or more")
    if workers is not None and workers < 1:
        raise ValueError(f"workers: found {workers}, expected an integer of 1 or more")
    check_ranges(pixel_size, slice_thickness)
    root = Path(output_dir)
    nearest = next((path for path in (root, *root.absolute().parents) if path.exists()), root)
    if not nearest.is_dir():
        raise ValueError(f"output_dir: found the file {nearest}, expected a folder or a path where one can be made")


def _each(write: partial[None], total: int, processes: int) -> Iterator[None]:
    """Run ``write(index)`` for every index, in this process if one is enough."""
    if processes == 1:
        yield from map(write, range(total))
        return
    # spawned, not forked: the caller may hold threads, for which forking is unsafe
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(write, range(total))


def _write_case(root: Path, cases: int, seed: int, pixel_size: Range, slice_thickness: Range, index: int) -> None:
    phantom = make_phantom(seed, index, pixel_size, slice_thickness)
    image_name, label_name = _names(index, cases)
    _write_nifti(root / label_name, phantom.label, phantom.affine)
    _write_nifti(root / image_name, phantom.image, phantom.affine)


def _names(index: int, cases: int) -> tuple[str, str]:
    """Paths of image and label of a case, relative to the data set."""
    part = "Tr" if index < cases else "Ts"
    return f"images{part}/phantom_{index:03d}.nii.gz", f"labels{part}/phantom_{index:03d}.nii.gz"


def _index(cases: int, test_cases: int) -> dict[str, object]:
    """Contents of ``dataset.json``."""
    names = [tuple(f"./{name}" for name in _names(index, cases)) for index in range(cases + test_cases)]
    return {
        "name": "AbdomenPhantom",
        "description": _DESCRIPTION,
        "modality": {"0": "CT"},
        "labels": {"0": "background", "1": "liver", "2": "spleen"},
        "numTraining": cases,
        "numTest": test_cases,
        "training": [{"image": image, "label": label} for image, label in names[:cases]],
        "test": [image for image, _ in names[cases:]],
    }


def _write_nifti(path: Path, array: Array, affine: Array) -> None:
    image = nib.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    # both forms, because readers differ in which one they prefer
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    # no name and no time in the header of the archive, so that equal cases are equal files
    with replacing(path) as unfinished, unfinished.open("wb") as file, gzip.GzipFile(
        "", "wb", 1, file, mtime=0
    ) as archive:
        image.to_stream(archive)
