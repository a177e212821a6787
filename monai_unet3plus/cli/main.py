# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The parser of the command line, and the choice of the command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .. import __version__
from ..bundle.__main__ import add_copy_parser
from ..utils.command import as_command
from . import evaluate, segment, train, view

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a command.

    Args:
        arguments: the command line without the program's name. Defaults to None, that of the process.

    Raises:
        SystemExit: With status 1 if nothing was done, 2 for a wrong command line, 3 if some cases failed, 130 after
            Ctrl-C.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["compare"]:  # which has a parser of its own
        from ..experiments.compare.__main__ import main as compare

        with as_command():
            compare(given[1:])
    else:
        options = _parser().parse_args(given)
        with as_command(getattr(options, "arguments", None)):
            options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="unet3plus",
        description="Segment organs in CT with UNet 3+. For research; not a medical device.",
        epilog="`unet3plus COMMAND --help` lists the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"monai_unet3plus {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for command in (segment, view, train, evaluate):
        command.add_parser(commands)
    commands.add_parser("compare", help="train and compare the systems of the paper's tables on one data set")
    add_copy_parser(commands)
    return parser
