# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""``evaluate DATA OUTPUT``: Dice and distances on labelled CTs, by the bundle's evaluate.json."""

from __future__ import annotations

import argparse
from typing import Any

from .bundle_workflow import add_bundle_options, add_label_options, bundle_workflow, run_workflow

__all__ = ["add_parser", "evaluate"]


def add_parser(commands: Any) -> None:
    """Add the command to the subparsers of a command line."""
    parser = commands.add_parser(
        "evaluate",
        help="compare masks with label maps: Dice, surface Dice, distances",
        description="Evaluate weights on imagesTs and labelsTs or, without labelsTs, on the validation cases.",
        epilog="OUTPUT gets report.html, cases.csv, summary.csv, summary.json and the masks.",
    )
    data = "folder with imagesTs and labelsTs, or imagesTr and labelsTr"
    add_label_options(parser, data, output="folder for results; made if missing")
    parser.add_argument("--checkpoint", metavar="FILE", help="weights to evaluate (default: the bundle's)")
    add_bundle_options(parser)
    parser.set_defaults(run=evaluate)


def evaluate(options: argparse.Namespace) -> None:
    """
    Evaluate.

    Raises:
        SystemExit: With the status of the bundle.
        InputError: When an argument is wrong.
    """
    run_workflow(bundle_workflow(["train", "evaluate"], "train", options))
