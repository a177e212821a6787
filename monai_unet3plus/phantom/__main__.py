# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line of the phantom: ``python -m monai_unet3plus.phantom --output_dir D --cases N --seed S``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from .dataset import check_arguments, write_phantoms

__all__ = ["main"]

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a data set of phantoms.

    Args:
        arguments: command line without the program name; by default that of the process.

    Raises:
        SystemExit: with status 2 and one sentence on stderr if an argument is wrong.
    """
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    for name in ("pixel_size", "slice_thickness"):
        options[name] = tuple(options[name])
    try:
        check_arguments(**options)
    except ValueError as error:
        parser.error(f"--{error}")
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    path = write_phantoms(**options)
    logger.info("wrote %d training and %d test cases: %s", options["cases"], options["test_cases"], path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m monai_unet3plus.phantom",
        description="Write synthetic abdominal CT with labels of liver and spleen, in the layout of the Medical "
        "Segmentation Decathlon. The phantoms are made to test pipelines; results on them say nothing about patients.",
    )
    parser.add_argument("--output_dir", required=True, help="folder to write to")
    parser.add_argument("--cases", type=int, required=True, help="number of training cases, 1 or more")
    parser.add_argument("--seed", type=int, required=True, help="0 or more; same seed, same files")
    parser.add_argument("--test_cases", type=int, default=0, help="number of test cases (default: %(default)s)")
    for name, limits in (("pixel_size", (0.6, 0.9)), ("slice_thickness", (1.0, 5.0))):
        text = f"{name.replace('_', ' ')} in mm (default: {limits[0]} {limits[1]})"
        parser.add_argument(f"--{name}", type=float, nargs=2, default=limits, metavar=("MIN", "MAX"), help=text)
    parser.add_argument("--workers", type=int, help="number of processes (default: one per processor)")
    return parser


if __name__ == "__main__":
    main()
