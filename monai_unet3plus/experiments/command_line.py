# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The parsers of the experiments' commands, the options that they share, and their log."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from .bundle_process import override

__all__ = ["add_bundle_options", "add_label_options", "make_parser", "start_log"]


def make_parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """
    Make the parser of a command.

    Args:
        command: the module that ``python -m`` runs, below ``monai_unet3plus``.
        description: its docstring.
    """
    return argparse.ArgumentParser(
        prog=f"python -m monai_unet3plus.{command}",
        description=description,
        formatter_class=argparse.RawTextHelpFormatter,
    )


def add_bundle_options(parser: argparse.ArgumentParser, configs: str = "the bundle's train.json") -> None:
    """
    Add ``--overrides`` and ``--bundle_root``.

    Args:
        configs: which configs the overrides are for.
    """
    parser.add_argument(
        "--overrides", type=override, nargs="*", default=[], metavar="NAME=VALUE", help=f"for {configs}"
    )
    parser.add_argument("--bundle_root", type=Path, default=Path("bundle"), help="folder of the bundle")


def add_label_options(parser: argparse.ArgumentParser, least_dice: float, other: str) -> None:
    """
    Add the options of commands that change the labels of one organ in a list of cases.

    Args:
        least_dice: default of ``--least_dice``.
        other: the mask that the organ's mask is compared with.
    """
    parser.add_argument("--datalist_file", type=Path, required=True, help="list of cases")
    parser.add_argument("--organ", required=True, help="name of the organ")
    parser.add_argument(
        "--organs", nargs="+", default=["liver", "spleen"], help="all organs, in the order of their values"
    )
    parser.add_argument("--source", help="look at the cases of this source only")
    parser.add_argument("--least_dice", type=float, default=least_dice, help=f"smallest Dice with {other}")
    parser.add_argument("--output", type=Path, required=True, help="list to write")


def start_log() -> None:
    """Log to standard output, without prefixes."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
