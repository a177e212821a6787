# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Command line: ``python -m monai_unet3plus.bundle copy DIRECTORY --name NAME``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from ..errors import InputError
from .copy import NAME, copy_bundle

__all__ = ["main"]

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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    copy = commands.add_parser("copy", help="write the bundle into a folder, to run and train it there")
    copy.add_argument("directory", metavar="DIRECTORY", help="folder to put the bundle's folder into")
    copy.add_argument("--name", default=NAME, help="name of the bundle's folder (default: %(default)s)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    try:
        logger.info("wrote %s", copy_bundle(**vars(options)))
    except InputError as error:
        copy.error(str(error))


if __name__ == "__main__":
    main()
