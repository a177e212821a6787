# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Three-dimensional networks of others as their own configs run them, with random weights: a CT to a label map.

    python -m tests.benchmarks.volume_networks NAME CT OUTPUT_DIR
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from monai.inferers import SlidingWindowInferer
from monai.networks.nets import SegResNet, UNet
from monai.transforms import (
    AsDiscreted,
    Compose,
    EnsureChannelFirstd,
    Invertd,
    LoadImaged,
    NormalizeIntensityd,
    Orientationd,
    SaveImaged,
    ScaleIntensityRanged,
    Spacingd,
)
from torch import nn


@dataclass(frozen=True)
class Settings:
    """
    How a network is run.

    Args:
        network: makes it.
        spacing: of its grid, in mm.
        intensity: its last transform of the image.
        windows: arguments of ``SlidingWindowInferer``.
        labels_first: whether the label map is made on the network's grid and then resampled, or the logits are.
    """

    network: Callable[[], nn.Module]
    spacing: Sequence[float]
    intensity: Any
    windows: dict[str, Any] = field(default_factory=dict)
    labels_first: bool = True


def _plain_conv_unet() -> nn.Module:
    """nnU-Net's network for patches of 112 x 112 x 128: an edge is halved while the half is 4 or more."""
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    strides = [(1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), (1, 1, 2)]
    return PlainConvUNet(
        input_channels=1,
        n_stages=6,
        features_per_stage=(32, 64, 128, 256, 320, 320),
        conv_op=nn.Conv3d,
        kernel_sizes=[(3, 3, 3)] * 6,
        strides=strides,
        n_conv_per_stage=2,
        num_classes=118,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=nn.InstanceNorm3d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
    )


NETWORKS = {
    "spleen UNet of MONAI's zoo": Settings(
        lambda: UNet(3, 1, 2, channels=(16, 32, 64, 128, 256), strides=(2,) * 4, num_res_units=2, norm="batch"),
        (1.5, 1.5, 2.0),
        ScaleIntensityRanged("image", -57, 164, 0, 1, clip=True),
        {"roi_size": (96, 96, 96), "sw_batch_size": 4, "overlap": 0.5},
        labels_first=False,
    ),
    "SegResNet of wholeBody_ct, 3 mm": Settings(
        lambda: SegResNet(3, 32, 1, 105, 0.2, blocks_down=(1, 2, 2, 4), blocks_up=(1, 1, 1)),
        (3.0, 3.0, 3.0),
        NormalizeIntensityd("image", nonzero=True),
        {
            "roi_size": (96, 96, 96),
            "sw_batch_size": 1,
            "overlap": 0.25,
            "mode": "gaussian",
            "padding_mode": "replicate",
        },
    ),
    "nnU-Net's 3d_fullres, 3 mm": Settings(
        _plain_conv_unet,
        (3.0, 3.0, 3.0),
        NormalizeIntensityd("image"),
        {"roi_size": (112, 112, 128), "sw_batch_size": 1, "overlap": 0.5, "mode": "gaussian"},
    ),
}


@torch.inference_mode()
def segment(name: str, ct: Path, output_dir: Path) -> None:
    """
    Segment a CT and write its label map.

    Args:
        name: one of ``NETWORKS``.
        ct: the file.
        output_dir: folder for the label map.
    """
    settings = NETWORKS[name]
    torch.manual_seed(0)
    network = settings.network().eval()
    preprocessing = Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            Orientationd("image", "RAS"),
            Spacingd("image", settings.spacing, mode="bilinear"),
            settings.intensity,
        ]
    )
    invert = Invertd("pred", preprocessing, "image", nearest_interp=settings.labels_first)
    steps = [AsDiscreted("pred", argmax=True), invert]
    save = SaveImaged("pred", output_dir=output_dir, output_dtype="uint8", separate_folder=False, print_log=False)
    postprocessing = Compose([*(steps if settings.labels_first else reversed(steps)), save])
    data = preprocessing({"image": str(ct)})
    data["pred"] = SlidingWindowInferer(**settings.windows)(data["image"][None], network)[0]
    postprocessing(data)


if __name__ == "__main__":
    segment(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
