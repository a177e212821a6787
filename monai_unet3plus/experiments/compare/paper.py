# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Results that the paper reports: Huang et al., UNet 3+, ICASSP 2020, tables 1 and 2, Dice on its own data.

The paper's data are the LiTS challenge's CTs for the liver and CTs of a hospital for the spleen, so its figures stand
beside those of another data set for orientation only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PAPER", "PaperRow", "paper_row"]


@dataclass(frozen=True)
class PaperRow:
    """
    Args:
        title: the paper's name of the system.
        tables: numbers of the tables that have the system, 1 and 2; none if the paper does not have it.
        reference: UNet 3+ that the system is compared with, the one of its backbone and table.
        parameters: in millions, None where the paper does not say.
        dice: by organ.
    """

    title: str
    tables: tuple[int, ...] = ()
    reference: str = "unet3plus"
    parameters: float | None = None
    dice: Mapping[str, float] = field(default_factory=dict)


def _row(
    title: str,
    tables: tuple[int, ...],
    liver: float,
    spleen: float,
    parameters: float | None = None,
    resnet: bool = True,
) -> PaperRow:
    reference = "unet3plus_resnet101" if resnet else "unet3plus"
    return PaperRow(title, tables, reference, parameters, {"liver": liver, "spleen": spleen})


PAPER = {
    "unet": _row("UNet", (1,), 0.9206, 0.9023, 39.39, resnet=False),
    "unetpp": _row("UNet++", (1,), 0.9278, 0.9230, 47.18, resnet=False),
    "unet3plus_no_ds": _row("UNet 3+ without deep supervision", (1,), 0.9489, 0.9437, 26.97, resnet=False),
    "unet3plus": _row("UNet 3+", (1,), 0.9550, 0.9496, 26.97, resnet=False),
    "unet_resnet101": _row("UNet, ResNet-101", (1,), 0.9387, 0.9332, 55.90),
    "unetpp_resnet101": _row("UNet++, ResNet-101", (1,), 0.9475, 0.9423, 63.76),
    "unet3plus_no_ds_resnet101": _row("UNet 3+ without deep supervision, ResNet-101", (1,), 0.9580, 0.9539, 43.55),
    "unet3plus_resnet101": _row("UNet 3+, ResNet-101", (1, 2), 0.9601, 0.9560, 43.55),
    "pspnet": _row("PSPNet", (2,), 0.9242, 0.9240),
    "deeplabv2": _row("DeepLabV2", (2,), 0.9021, 0.9097),
    "deeplabv3": _row("DeepLabV3", (2,), 0.9217, 0.9217),
    "deeplabv3plus": _row("DeepLabV3+", (2,), 0.9186, 0.9290),
    "attention_unet": _row("Attention UNet", (2,), 0.9341, 0.9324),
    "unet3plus_hybrid_resnet101": _row("UNet 3+, hybrid loss, ResNet-101", (2,), 0.9643, 0.9588),
    "unet3plus_cgm_resnet101": _row("UNet 3+, hybrid loss, CGM, ResNet-101", (2,), 0.9675, 0.9620),
    # the paper has these on ResNet-101 only
    "unet3plus_hybrid": PaperRow("UNet 3+, hybrid loss"),
    "unet3plus_cgm": PaperRow("UNet 3+, hybrid loss, CGM"),
}


def paper_row(system: str) -> PaperRow:
    """The paper's row of a system, or one without figures."""
    return PAPER.get(system, PaperRow(system))
