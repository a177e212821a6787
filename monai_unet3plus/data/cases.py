# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Which files make up the cases of a folder."""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import nibabel as nib
from monai.config import PathLike
from monai.data import load_decathlon_datalist

from ..masks.paths import check_mask_paths
from ..masks.writer import LABEL_INTENT
from ..utils.errors import InputError
from ..utils.image_files import VOLUME_SUFFIXES, is_nifti, is_volume, list_files, starts_like_dicom, volume_stem
from .reading.dicom_frames import is_concatenated, list_frames, read_header
from .reading.dicom_series import find_ct_stack, list_dicom_files, scan_folder

__all__ = ["find_cases", "labelled_cases"]

logger = logging.getLogger(__name__)

_CHANNEL = re.compile(r"_\d{4}$")  # nnU-Net's, at the end of an image's name
_MOST_PARTS = 20  # folders that one series is looked for in


def find_cases(dataset_dir: PathLike, output_dir: PathLike, postfix: str = "seg") -> list[dict[str, str]]:
    """
    Find the images to segment.

    They are the volumes (NIfTI, NRRD, MetaImage) and CTs in DICOM, a folder each, in ``dataset_dir/imagesTs`` if that
    exists, else anywhere below ``dataset_dir`` but not in folders whose name begins with "labels", hidden or linked
    ones, or ``output_dir``, nor NIfTI files whose header calls them label maps, as masks of an earlier run are.
    Files and folders that are left out are logged. ``dataset_dir`` may also be one volume, one series, or one file of a
    series.

    Args:
        dataset_dir: folder or file.
        output_dir: folder that the masks will be written to.
        postfix: end of the masks' names.

    Returns:
        ``[{"image": path}, ...]`` in alphabetical order.

    Raises:
        InputError: When there is no case, the folder does not exist, ``output_dir`` is ``dataset_dir`` or a file, the
            masks of two cases would have one name, or the folder of a DICOM file has another series to read.
    """
    root = Path(dataset_dir)
    if not root.exists():
        raise InputError(f"dataset_dir: expected a CT or a folder of CTs, but {root} does not exist.")
    output = Path(output_dir).resolve()
    if output.exists() and not output.is_dir():
        raise InputError(f"output_dir: expected a folder, but {output_dir} is a file.")
    if output in (root.resolve(), (root / "imagesTs").resolve()):
        raise InputError(f"output_dir: expected another folder than that of the images, but both are {output_dir}.")
    if root.is_file():
        images = [root] if is_volume(root) else _series_around(root)
    elif (root / "imagesTs").is_dir():
        images = _images_below(root / "imagesTs", output)
    else:
        images = _images_below(root, output)
    if not images:
        raise InputError(
            f"dataset_dir: expected volumes ({', '.join(VOLUME_SUFFIXES)}) or folders with a DICOM series, "
            f"but found none in {root}."
        )
    check_mask_paths(images, root, output_dir, postfix)
    named = [Path(os.path.abspath(image)) if image.name in ("", "..") else image for image in images]  # "." is no name
    return [{"image": str(image)} for image in named]


def labelled_cases(dataset_dir: PathLike, section: str = "Tr") -> list[dict[str, str]]:
    """
    List the images that have a label map, in the folder layout of the Medical Segmentation Decathlon or of nnU-Net.

    The ``training`` list of ``dataset_dir/dataset.json`` counts if there is one. Otherwise each volume in
    ``images<section>`` is paired with the one of the same name in ``labels<section>``, or of the same name without the
    number of the channel, ``_0000``. A folder without those may be LiTS as it is downloaded: ``volume-0.nii`` and
    ``segmentation-0.nii`` and so on, in any subfolders.

    Args:
        dataset_dir: folder with ``imagesTr`` and ``labelsTr``, or of LiTS.
        section: "Tr" for training cases, "Ts" for test cases, which have labels in some data sets.

    Returns:
        ``[{"image": path, "label": path}, ...]`` in alphabetical order, or that of ``dataset.json``.

    Raises:
        InputError: When there is no case, an image or a label is missing, or an image has several channels.
    """
    root = Path(dataset_dir)
    if section == "Tr" and (root / "dataset.json").is_file() and not _is_of_nnunet(root):
        cases = _listed_cases(root)
    elif section == "Tr" and not (root / "imagesTr").is_dir() and root.is_dir():
        cases = _lits_cases(root)
    else:
        cases = _paired_cases(root, section)
    missing = [path for case in cases for path in case.values() if not os.path.exists(path)]
    if missing:
        raise InputError(f"dataset_dir: {len(missing)} files named in dataset.json do not exist, such as {missing[0]}.")
    if not cases:
        raise InputError(
            f"dataset_dir: expected images{section} with volumes and labels{section} with a label map for each, "
            f"or a dataset.json, but found none in {root}."
        )
    return cases


def _listed_cases(root: Path) -> list[dict[str, str]]:
    file = root / "dataset.json"
    try:
        listed = load_decathlon_datalist(str(file), True, "training", str(root))
        return [{"image": _with_channel(str(case["image"])), "label": str(case["label"])} for case in listed]
    except (ValueError, KeyError, TypeError) as e:
        raise InputError(
            f'dataset_dir: expected {file} to have a list "training" of {{"image": ..., "label": ...}}, '
            f"but found {type(e).__name__}: {e}."
        ) from e


def _is_of_nnunet(root: Path) -> bool:
    """Whether a dataset.json describes the data set without a list of its cases."""
    try:
        described = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(described, dict) and "training" not in described and (root / "imagesTr").is_dir()


def _with_channel(image: str) -> str:
    """The image's file, or that of its only channel: nnU-Net's first version lists names without the number."""
    path = Path(image)
    stem = volume_stem(path.name)
    channel = path.with_name(f"{stem}_0000{path.name[len(stem):]}")
    return str(channel) if channel.exists() and not path.exists() else image


def _paired_cases(root: Path, section: str) -> list[dict[str, str]]:
    """Pairs of images and labels of the same name, or but for nnU-Net's number of the channel."""
    labels = {volume_stem(label.name): str(label) for label in _volumes_in(root / f"labels{section}")}
    cases, unlabelled = [], []
    for image in _volumes_in(root / f"images{section}"):
        stem = volume_stem(image.name)
        case = stem if stem in labels else _CHANNEL.sub("", stem)
        if case not in labels:
            unlabelled.append(str(image))
        elif case != stem and not stem.endswith("_0000"):
            raise InputError(
                f"dataset_dir: expected one channel for each case, but found {image} beside that of _0000."
            )
        else:
            cases.append({"image": str(image), "label": labels[case]})
    if unlabelled:
        raise InputError(f"dataset_dir: expected a label of the same name in labels{section} for {unlabelled}.")
    return cases


def _lits_cases(root: Path) -> list[dict[str, str]]:
    """Pairs of volume-N and segmentation-N below a folder, in the order of N."""
    images, labels = (
        {volume_stem(path.name).removeprefix(prefix): path for path in root.rglob(f"{prefix}*") if is_volume(path)}
        for prefix in ("volume-", "segmentation-")
    )
    unlabelled = sorted(str(path) for number, path in images.items() if number not in labels)
    if unlabelled:
        raise InputError(
            f"dataset_dir: expected a segmentation-N for each volume-N, but there is none for {unlabelled}."
        )
    numbers = sorted(images, key=lambda number: (len(number), number))
    return [{"image": str(images[number]), "label": str(labels[number])} for number in numbers]


def _volumes_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_volume(path)) if folder.is_dir() else []


def _images_below(root: Path, output: Path) -> list[Path]:
    images: list[Path] = []
    masks: list[Path] = []
    others: list[Path] = []
    scans: dict[Path, str] = {}

    def unreadable(error: OSError) -> None:
        logger.warning("folder left out, it can't be read (%s): %s", error.strerror, error.filename)

    for folder, subfolders, names in os.walk(root, onerror=unreadable):
        here, kept = Path(folder), []
        for name in sorted(subfolders):
            why = _reason_to_skip(here / name, output)
            if why:
                logger.info("folder left out, %s: %s", why, here / name)
            else:
                kept.append(name)
        subfolders[:] = kept
        for path in sorted(here / name for name in names if is_volume(here / name)):
            (masks if _is_label_map(path) else images).append(path)
        series, kinds = scan_folder(folder, [name for name in names if not is_volume(here / name)])
        if series is not None:
            scans[here] = series
            continue
        if kinds:
            logger.warning("DICOM left out, no CT but %s: %s", ", ".join(kinds), here)
        others += [here / name for name in sorted(names) if not is_volume(here / name) and name[:1] != "."]
    _log_passed_over(set(others) - {file for image in images if image.is_file() for file in list_files(image)})
    if masks:
        logger.warning("%d files left out, their headers call them label maps, such as %s", len(masks), masks[0])
    return sorted(images + _join_series(scans))


def _log_passed_over(files: set[Path]) -> None:
    """Say once which files are no images by their names."""
    if files:
        counts = Counter(path.suffix or "no suffix" for path in files)
        suffixes = ", ".join(f"{suffix}: {number}" for suffix, number in counts.most_common(5))
        logger.info("%d files passed over, of other formats (%s), such as %s", len(files), suffixes, min(files))


def _series_around(file: Path) -> list[Path]:
    """A DICOM file that holds a whole CT, or the folder of a slice, if the CT that is read from there is that of it."""
    if not starts_like_dicom(file):
        return []
    header = read_header(file)
    if len(list_frames(header, str(file))) > 1 and not is_concatenated(header):
        return [file]
    if not any(os.path.samefile(file, frame.file) for frame in find_ct_stack(str(file.parent)).frames):
        raise InputError(
            f"dataset_dir: {file.parent} has several DICOM series, and the CT with most slices is another one than "
            f"that of {file.name}. Move the files of one series into a folder of their own."
        )
    return [file.parent]


def _join_series(folders: Mapping[Path, str]) -> list[Path]:
    """One folder for each CT: of a series that lies in several, the one above them, if it holds nothing else."""
    joined = []
    for series, group in groupby(sorted(folders, key=folders.__getitem__), key=folders.__getitem__):
        parts = sorted(group)
        above = Path(os.path.commonpath(parts))
        inside = [folder for folder in folders if above in (folder, *folder.parents)]
        if series and above not in folders and sorted(inside) == parts and _is_one_ct(above, len(parts)):
            logger.warning("one DICOM series in %d folders, read as one CT: %s", len(parts), above)
            joined.append(above)
            continue
        if series and len(parts) > 1:
            names = ", ".join(map(str, parts))
            logger.warning("one DICOM series in %d folders, each segmented by itself: %s", len(parts), names)
        joined += parts
    return joined


def _is_one_ct(folder: Path, parts: int) -> bool:
    """Whether the files in the folders below make up one CT: they may be copies, or patients of one identifier."""
    if not 1 < parts <= _MOST_PARTS:
        return False
    try:
        return len(find_ct_stack(str(folder)).frames) >= len(list_dicom_files(str(folder)))
    except InputError:
        return False


def _reason_to_skip(folder: Path, output: Path) -> str:
    if folder.name.startswith("."):
        return "it is hidden"
    if folder.name.startswith("labels"):
        return "its name begins with labels"
    if folder.is_symlink():
        return "it is a link"
    return "it is output_dir" if folder.resolve() == output else ""


def _is_label_map(path: Path) -> bool:
    """Whether a NIfTI file says so, as those of write_label_map do."""
    if not is_nifti(path) or not path.is_file():
        return False
    try:
        header: Any = nib.load(path).header
        return bool(header["intent_code"] == LABEL_INTENT)
    except Exception:  # of a damaged file, whose case will fail
        return False
