# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""``train DATA OUTPUT``: a network of your own, by the bundle's train.json."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from .bundle_workflow import add_bundle_options, add_label_options, bundle_workflow, run_workflow

__all__ = ["add_parser", "train"]


def add_parser(commands: Any) -> None:
    """Add the command to the subparsers of a command line."""
    parser = commands.add_parser(
        "train",
        help="train on your own CTs and label maps",
        description="Train a network.",
        epilog="The weights with the best validation Dice are OUTPUT/models/model.pt, for `segment --checkpoint`.",
    )
    data, output = "folder with imagesTr and labelsTr", "folder for weights and logs; made if missing"
    add_label_options(parser, data, output)
    parser.add_argument("--epochs", type=int, help="number of passes over the training cases")
    parser.add_argument("--finetune-from", metavar="FILE", help="weights to start from")
    parser.add_argument(
        "--resume", action="store_const", const=True, help="continue the training in OUTPUT after its last whole epoch"
    )
    add_bundle_options(parser)
    parser.set_defaults(run=train)


def train(options: argparse.Namespace) -> None:
    """
    Train.

    Raises:
        SystemExit: With the status of the bundle.
        InputError: When an argument is wrong.
    """
    variables = {"ckpt_dir": str(Path(options.output_dir) / "models")}
    run_workflow(bundle_workflow(["train"], "train", options, variables))
