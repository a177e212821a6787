# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the bundle's configs inside the test's process, where a start takes no seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigWorkflow

from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.utils.command import as_command

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "bundle"

NARROW: dict[str, Any] = {
    "organs": {"liver": 1},
    "features": [4, 8, 16, 32, 64],
    "pixel_size": None,
    "roi_size": [32, 32],
    "device": "cpu",
}


def inference(dataset_dir: Path, output_dir: Path, *configs: str, **overrides: Any) -> ConfigWorkflow:
    """
    Set up the inference workflow with a narrow network of random weights and without pictures, unless overridden.

    Args:
        dataset_dir: folder of CTs.
        output_dir: folder for masks.
        configs: names of configs that are merged over inference.json.
        overrides: other values to override.

    Returns:
        the workflow, not initialized.
    """
    options = {**NARROW, "inferer#progress": False, "report_pictures": False, **overrides}
    if "checkpoint" not in options:
        options["checkpoint"] = write_checkpoint(output_dir.parent, len(options.get("organs", {"liver": 1})))
    names = ["inference", *configs]
    return _workflow(names, "infer", dataset_dir=dataset_dir, output_dir=output_dir, **options)


def training(dataset_dir: Path, output_dir: Path, *configs: str, **overrides: Any) -> ConfigWorkflow:
    """
    Set up a training of one epoch with a narrow network, unless overridden.

    Args:
        dataset_dir: folder with imagesTr and labelsTr.
        output_dir: folder for logs; checkpoints go to its subfolder "models".
        configs: names of configs that are merged over train.json.
        overrides: other values to override.
    """
    options = {
        **NARROW,
        "epochs": 1,
        "val_interval": 1,
        "num_samples": 1,
        "crop_size": [161, 161],  # MS-SSIM takes no smaller ones
        "ckpt_dir": output_dir / "models",
        "validate#inferer#progress": False,
        **overrides,
    }
    names = ["train", *configs]
    return _workflow(names, "train", dataset_dir=dataset_dir, output_dir=output_dir, **options)


@as_command()
def run(workflow: ConfigWorkflow) -> None:
    """Initialize, run and finalize, as ``python -m monai.bundle run`` does."""
    workflow.initialize()
    workflow.run()
    workflow.finalize()


def write_checkpoint(folder: Path, organs: int) -> Path:
    """Random weights whose logits are about as often positive as negative, so that masks are not all one value."""
    path = folder / f"random_{organs}.pt"
    torch.save(_random_weights(organs), path)
    return path


@cache
def _random_weights(organs: int) -> dict[str, torch.Tensor]:
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        network = UNet3Plus(
            out_channels=organs, features=NARROW["features"], deep_supervision=True, classification_guided=True
        ).eval()
        blocks = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 8), scale_factor=8)
        network.presence_head.conv.bias[1::2] += 100.0  # every organ is judged present
        network.heads[0].conv.bias -= network(blocks).flatten(2).median(dim=2).values[0]
        return network.state_dict()


def _workflow(configs: list[str], workflow_type: str, **overrides: Any) -> ConfigWorkflow:
    return ConfigWorkflow(
        config_file=[str(BUNDLE / "configs" / f"{name}.json") for name in configs],
        meta_file=str(BUNDLE / "configs" / "metadata.json"),
        logging_file=False,
        workflow_type=workflow_type,
        bundle_root=BUNDLE,
        **overrides,
    )
