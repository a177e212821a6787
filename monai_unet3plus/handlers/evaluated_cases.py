# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The cases of an evaluator's batch as arrays in the patient's axes: image, masks, presence verdicts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Engine
from monai.config import PathLike
from monai.data.meta_tensor import MetaTensor
from monai.utils import CommonKeys, convert_to_numpy

from ..transforms.checks import get_filename
from ..utils.labels import IGNORED
from ..utils.orientation import ras_affine, ras_view
from .presence import PRESENCE

__all__ = ["Case", "case_name", "iterate_cases"]


@dataclass
class Case:
    """
    One case after inference and postprocessing. Volumes have axes towards right, front and head.

    Args:
        file: the image's file.
        image: volume as the network saw it, ``(H, W, D)``, on the masks' grid if it was brought back there.
        prediction: mask of each organ, ``(K, H, W, D)``, 0 and 1.
        truth: mask of each organ that the case annotates, by position.
        spacing: size of a voxel in mm.
        affine: from voxels to mm, ``(4, 4)``.
        presence: the classifier's margins, ``(K, D)``, or None.
    """

    file: str
    image: np.ndarray
    prediction: np.ndarray
    truth: dict[int, np.ndarray]
    spacing: tuple[float, float, float]
    affine: np.ndarray
    presence: np.ndarray | None


def iterate_cases(engine: Engine, organs: Sequence[str]) -> Iterator[Case]:
    """
    The cases in an evaluator's output, one by one.

    Args:
        engine: a MONAI evaluator after an iteration, whose postprocessing leaves masks on the file's own grid.
        organs: names of the organs.

    Raises:
        ValueError: When an item has no meta data, another number of masks than organs, or prediction and label on
            different grids.
    """
    items: Any = engine.state.output
    for item in items:
        yield _case(item[CommonKeys.IMAGE], item[CommonKeys.PRED], item[CommonKeys.LABEL], item.get(PRESENCE), organs)


def case_name(file: PathLike, dataset_dir: PathLike) -> str:
    """
    A case's name in reports: its path relative to the data set, its name if it is the data set, else the whole path.
    """
    path, root = Path(os.path.abspath(file)), Path(os.path.abspath(dataset_dir))
    if path == root:
        return path.name
    return path.relative_to(root).as_posix() if root in path.parents else str(path)


def _case(
    image: torch.Tensor,
    prediction: torch.Tensor,
    label: torch.Tensor,
    presence: torch.Tensor | None,
    organs: Sequence[str],
) -> Case:
    file = get_filename(image)
    views, affine = [], np.eye(4)
    for name, volume in (("image", image), ("pred", prediction), ("label", label)):
        if not isinstance(volume, MetaTensor):
            raise ValueError(f"{file}: expected {name!r} to be a MetaTensor, whose affine tells where it lies.")
        views.append(ras_view(convert_to_numpy(volume), convert_to_numpy(volume.affine)))
        affine = ras_affine(convert_to_numpy(volume.affine), volume.shape[1:])  # in the end that of the masks
    (scan, _), (predicted, spacing), (annotated, label_spacing) = views
    for name, view in (("pred", predicted), ("label", annotated)):
        if len(view) != len(organs):
            raise ValueError(f"{file}: expected a mask for each of {list(organs)} in {name!r}, but got {len(view)}.")
    if predicted.shape != annotated.shape or not np.allclose(spacing, label_spacing, rtol=1e-3):
        raise ValueError(
            f"{file}: expected pred and label on one grid, but got {predicted.shape[1:]} voxels of {spacing} mm and "
            f"{annotated.shape[1:]} of {label_spacing} mm. Does Invertd bring both back?"
        )
    return Case(
        file=file,
        image=scan[0],
        prediction=predicted,
        truth={position: mask for position, mask in enumerate(annotated) if not (mask == IGNORED).any()},
        spacing=spacing,
        affine=affine,
        presence=None if presence is None else convert_to_numpy(presence),
    )
