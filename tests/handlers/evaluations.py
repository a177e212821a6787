# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""An evaluation whose predictions are known: the image's values name the organ that will be found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.data import DataLoader, Dataset, DistributedSampler
from monai.engines import SupervisedEvaluator
from monai.transforms import Compose, EnsureChannelFirstd, Invertd, LoadImaged, Orientationd

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.transforms import LabelMapToMasksd, logits_to_label_map

ORGANS = ["liver", "spleen"]
SPACING = (2.0, 1.5, 5.0)


class Finder(torch.nn.Module):
    """Organ k is where the middle slice has the value k + 1."""

    classification_guided = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = torch.arange(1, len(ORGANS) + 1, dtype=x.dtype)[None, :, None, None]
        return 0.5 - (x[:, 1:2] - values).abs()


class GuidedFinder(Finder):
    """Besides, a classifier that sees an organ in slices whose first pixel has the organ's value plus ten."""

    classification_guided = True
    out_channels = len(ORGANS)

    def presence_head(self, x: torch.Tensor) -> torch.Tensor:
        marked = x[:, 1, 0, 0, None] == torch.arange(1, len(ORGANS) + 1) + 10
        return torch.stack([0.0 * marked, 2.0 * marked - 1], dim=-1)

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x]

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return self(maps[0])


def write_case(folder: Path, name: str, image: np.ndarray, label: np.ndarray, codes: str = "LPS") -> dict[str, str]:
    """
    Write a CT and its label map, given with axes towards right, front and head, in another order of axes.

    Args:
        folder: gets imagesTs and labelsTs.
        name: of both files.
        image: values name the organ that will be found.
        label: values name the organ that is there; 255 says that organ 2 is not annotated.
        codes: directions of the file's axes.
    """
    item = {}
    for key, array in (("image", image), ("label", label)):
        volume = nib.Nifti1Image(array.astype(np.uint8), np.diag([*SPACING, 1.0]))
        start, end = nib.orientations.io_orientation(volume.affine), nib.orientations.axcodes2ornt(codes)
        path = folder / f"{key}sTs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(volume.as_reoriented(nib.orientations.ornt_transform(start, end)), path)
        item[key] = str(path)
    return item


def evaluator(
    cases: Sequence[dict[str, str]], handlers: Sequence[Any], network: Finder | None = None, distributed: bool = False
) -> SupervisedEvaluator:
    """
    Set up an evaluator as the bundle's evaluate.json does.

    Args:
        cases: as from :py:func:`write_case`.
        handlers: to attach.
        network: Defaults to Finder.
        distributed: whether ranks share the cases.
    """
    network = network or Finder()
    keys = ["image", "label"]
    preprocessing = Compose(
        [
            LoadImaged(keys),
            EnsureChannelFirstd(keys, channel_dim="no_channel"),
            Orientationd(keys, axcodes="RAS", labels=(("L", "R"), ("P", "A"), ("I", "S"))),
        ]
    )
    dataset = Dataset(list(cases), preprocessing)
    sampler = DistributedSampler(dataset, even_divisible=True, shuffle=False) if distributed else None
    return SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(dataset, batch_size=1, sampler=sampler, num_workers=0),
        network=network,
        inferer=AdjacentSliceInferer(postprocess=logits_to_label_map),
        postprocessing=Compose(
            [Invertd(["pred", "label"], preprocessing, ["image", "label"], nearest_interp=True), _to_masks]
        ),
        val_handlers=list(handlers),
    )


def _to_masks(item: dict[str, Any]) -> dict[str, Any]:
    unannotated = bool((item["label"] == 255).any())
    masks = LabelMapToMasksd(["pred", "label"], num_organs=len(ORGANS))(item)
    if unannotated:
        masks["label"][1] = 255
    return masks
