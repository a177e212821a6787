# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""``view MASKS``: scroll through CTs with their masks in a browser."""

from __future__ import annotations

import argparse
import contextlib
import sys
import webbrowser
from typing import Any

__all__ = ["add_parser", "view"]


def add_parser(commands: Any) -> None:
    """Add the command to the subparsers of a command line."""
    parser = commands.add_parser(
        "view",
        help="scroll through CTs with their masks in a browser",
        description="Show the report and the volumes in a browser, at an address of this machine only, until Ctrl-C.",
    )
    parser.add_argument("masks", metavar="MASKS", help="folder that `segment` wrote")
    parser.add_argument("--ct", metavar="CT", help="file or folder of the CTs, if moved since")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any that is free)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only; open no browser")
    parser.set_defaults(run=view)


def view(options: argparse.Namespace) -> None:
    """
    Serve until Ctrl-C.

    Raises:
        InputError: When the folder has no report.
    """
    from ..viewer import ViewerServer, open_run

    with ViewerServer(open_run(options.masks, options.ct), options.port) as server:
        sys.stdout.write(f"{server.address}\nPress Ctrl-C to end.\n")
        sys.stdout.flush()
        if not options.no_browser:
            webbrowser.open(server.address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
