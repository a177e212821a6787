# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The scans of a comparison, resampled once and kept in one small file."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from monai.bundle import ConfigParser
from monai.transforms import Compose

from ...utils.errors import InputError
from ...utils.files import replacing
from .settings import Settings

__all__ = ["Volume", "prepare_volumes", "read_volumes"]

logger = logging.getLogger(__name__)

# Settings that the file depends on; others may change without preparing it anew.
_NAMES = ("organ", "label_values", "window", "hu_step", "pixel_size", "max_slices", "training", "testing")


@dataclass(frozen=True)
class Volume:
    """
    A scan.

    Args:
        image: values 0 to ``Settings.levels``, shape ``(slices, H, W)``, uint8.
        mask: 1 in the organ, of the same shape.
        reference: the mask on the file's own pixels, shape ``(slices, height, width)``.
    """

    image: np.ndarray
    mask: np.ndarray
    reference: np.ndarray


def prepare_volumes(settings: Settings, dataset_dir: Path, bundle: Path, path: Path) -> None:
    """
    Read all scans as the bundle's training does, and write them into one file, an NPZ.

    Args:
        dataset_dir: folder that the cases' paths are relative to.
        bundle: folder of the bundle, whose transforms load and orient the scans.
        path: file to write.
    """
    from ...transforms import ResamplePlaned  # with all that reading files needs, which training does without

    parser = ConfigParser(ConfigParser.load_config_file(str(bundle / "configs" / "train.json")))
    parser["organs"] = {settings.organ: settings.label_values}
    load = Compose(parser.get_parsed_content("train#deterministic_transforms"))
    resample = ResamplePlaned(["image", "label"], settings.pixel_size, is_label=[False, True])
    low, high = settings.window
    with replacing(path) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_BZIP2) as archive:
        _write(archive, "settings", np.array(_identity(settings)))
        for name, case in settings.cases.items():
            data = load({key: str(dataset_dir / case[key]) for key in ("image", "label")})
            step = -(-data["image"].shape[-1] // settings.max_slices)
            data = {key: data[key][..., ::step] for key in ("image", "label")}
            reference = data["label"]
            data = resample({"image": data["image"].clamp(low, high), "label": data["label"]})
            levels = ((data["image"] - low) / settings.hu_step).round()
            for kind, volume in (("image", levels), ("mask", data["label"]), ("reference", reference)):
                _write(archive, f"{name}:{kind}", _slices_first(volume))
            logger.info("prepared %s: %d slices", name, reference.shape[-1])


def read_volumes(settings: Settings, path: Path) -> dict[str, Volume]:
    """
    Read the file that :py:func:`prepare_volumes` wrote.

    Returns:
        the scans by the path of their image.

    Raises:
        InputError: When the file is of other settings, or a slice is larger than a slab.
    """
    with np.load(path) as archive:
        if str(archive["settings"]) != _identity(settings):
            raise InputError(
                f"volumes: {path} was prepared with other settings; expected the same {', '.join(_NAMES)}. Remove it."
            )
        volumes = {
            name: Volume(*(archive[f"{name}:{kind}"] for kind in ("image", "mask", "reference")))
            for name in settings.cases
        }
    largest = max(max(volume.image.shape[1:]) for volume in volumes.values())
    if largest > settings.size:
        raise InputError(
            f"settings: expected size to be {largest} or more, the largest slice, but got {settings.size}."
        )
    return volumes


def _identity(settings: Settings) -> str:
    values: Mapping[str, object] = vars(settings)
    return json.dumps({name: values[name] for name in _NAMES})


def _slices_first(volume: torch.Tensor) -> np.ndarray:
    return torch.as_tensor(volume)[0].movedim(-1, 0).to(torch.uint8).contiguous().numpy()


def _write(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
