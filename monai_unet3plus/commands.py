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
"""Running the bundle's configs as a user would, in a process of their own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["run_bundle", "run_command"]

logger = logging.getLogger(__name__)


def run_bundle(
    bundle: Path, configs: str | Sequence[str], environment: Mapping[str, str] | None = None, **overrides: str | Path
) -> None:
    """
    Run configs of the bundle by ``python -m monai.bundle run``.

    Args:
        bundle: folder of the bundle.
        configs: names of its configs, without suffix; later ones override earlier ones.
        environment: variables that are set besides those of this process.
        overrides: values for what the configs have at their top.

    Raises:
        SystemExit: With the status of the command, when that is not 0.
    """
    names = [configs] if isinstance(configs, str) else list(configs)
    files = [str(bundle / "configs" / f"{name}.json") for name in names]
    options = [part for name, value in overrides.items() for part in (f"--{name}", str(value))]
    config_file = files[0] if len(files) == 1 else str(files)
    run_command(
        [sys.executable, "-m", "monai.bundle", "run", "--config_file", config_file, "--bundle_root", str(bundle)]
        + options,
        environment,
    )


def run_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """
    Run a command of this Python and show it.

    Args:
        command: the interpreter and its arguments.
        environment: variables that are set besides those of this process.

    Raises:
        SystemExit: With the status of the command, when that is not 0.
    """
    logger.info("$ %s\n", " ".join(["python", *command[1:]]))
    status = subprocess.run(command, env={**os.environ, **(environment or {})}, check=False).returncode
    if status:
        logger.error("The command above ended with status %d.", status)
        raise SystemExit(status)
