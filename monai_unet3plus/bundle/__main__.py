# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m monai_unet3plus.bundle copy DIRECTORY --name NAME [--organs ORGANS]``."""

from __future__ import annotations

import argparse
import ast
import logging
import sys
from collections.abc import Sequence
from typing import Any

from ..utils.errors import InputError
from .folder import NAME, copy_bundle
from .variant import copy_variant

__all__ = ["add_copy_parser", "main"]

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Write the bundle out.

    Args:
        arguments: command line without the program name; by default that of the process.

    Raises:
        SystemExit: With status 2 and one sentence on stderr if an argument is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m monai_unet3plus.bundle", description="The bundle of the package.")
    add_copy_parser(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    options.run(options)


def add_copy_parser(commands: Any) -> None:
    """Add the command ``copy`` to the subparsers of a command line."""
    copy = commands.add_parser("copy", help="write the bundle into a folder, to run and train it there")
    copy.add_argument("directory", metavar="DIRECTORY", help="folder to put the bundle's folder into")
    copy.add_argument("--name", default=NAME, help="name of the bundle's folder (default: %(default)s)")
    copy.add_argument(
        "--organs", type=ast.literal_eval, help="make the copy for other organs: \"{'liver': 1, 'spleen': 2}\""
    )
    copy.add_argument("--checkpoint", help="with --organs: weights trained for these organs")
    copy.add_argument("--summary", help="with --organs: summary.json of an evaluation of these weights")
    copy.set_defaults(run=_copy, parser=copy)


def _copy(options: argparse.Namespace) -> None:
    parser, organs = options.parser, options.organs
    if organs is None and (options.checkpoint or options.summary):
        parser.error("--checkpoint and --summary: give the organs that they are for with --organs.")
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    try:
        if organs is None:
            bundle = copy_bundle(options.directory, options.name)
        else:
            bundle = copy_variant(options.directory, options.name, organs, options.checkpoint, options.summary)
        logger.info("wrote %s", bundle)
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
