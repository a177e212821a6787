# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Running the bundle's configs as a user would, in a process of their own."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["LAST_WEIGHTS", "PATIENT_THREADS", "find_finished_weights", "find_unfinished", "override"]
__all__ += ["run_bundle", "run_command", "train_bundle"]

logger = logging.getLogger(__name__)

_NEVER = 1_000_000
LAST_WEIGHTS = "model_last.pt"
# Two trainings side by side on few cores: threads that spin while they wait would take each other's time.
PATIENT_THREADS = {"OMP_WAIT_POLICY": "passive"}


def override(text: str) -> tuple[str, Any]:
    """
    An override of the bundle's configs as it is given on a command line, for argparse.

    Args:
        text: NAME=VALUE, with a value of Python's or any other text.

    Returns:
        name and value.

    Raises:
        ArgumentTypeError: When it is not like that.
    """
    name, separator, value = text.partition("=")
    if not separator:
        raise ArgumentTypeError(f"expected NAME=VALUE, but got {text}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def run_bundle(
    bundle: Path,
    configs: str | Sequence[str | Path],
    overrides: Mapping[str, object],
    environment: Mapping[str, str] | None = None,
) -> None:
    """
    Run configs of the bundle by ``python -m monai.bundle run``.

    Args:
        bundle: folder of the bundle.
        configs: names of its configs, without suffix, or files; later ones override earlier ones.
        overrides: values for the variables at the top of the configs.
        environment: variables that are set besides those of this process.

    Raises:
        SystemExit: With the status of the command, when that is not 0.
    """
    names = [configs] if isinstance(configs, str) else list(configs)
    files = [str(name if isinstance(name, Path) else bundle / "configs" / f"{name}.json") for name in names]
    options = [part for name, value in overrides.items() for part in (f"--{name}", str(value))]
    config_file = files[0] if len(files) == 1 else str(files)
    run_command(
        [sys.executable, "-m", "monai.bundle", "run", "--config_file", config_file, "--bundle_root", str(bundle)]
        + options,
        environment,
    )


def train_bundle(
    bundle: Path,
    configs: str | Sequence[str | Path],
    models: Path,
    overrides: Mapping[str, object],
    environment: Mapping[str, str] | None = None,
) -> Path:
    """
    Train by configs of the bundle, unless that is done. A training that was interrupted goes on.

    Nothing is validated on the way, unless overridden, since the last weights count. An interrupted training
    leaves its last weights too. It works in a folder of its own, so that these are not taken for those of a finished
    one.

    Args:
        bundle: folder of the bundle.
        configs, overrides, environment: as for :py:func:`run_bundle`.
        models: folder of the checkpoints, there when the training is finished.

    Returns:
        the file of the last weights.

    Raises:
        SystemExit: With the status of the command, when that is not 0.
    """
    if find_finished_weights(models) is None:
        unfinished = find_unfinished(models)
        resume = (unfinished / "training_state.pt").is_file()
        own = {"ckpt_dir": unfinished, "resume": resume, "val_interval": _NEVER}
        run_bundle(bundle, configs, {**own, **overrides}, environment)
        os.replace(unfinished, models)
    return models / LAST_WEIGHTS


def find_unfinished(models: Path) -> Path:
    """
    The folder in which checkpoints lie until their training is finished, and the folder gets the name ``models``.

    Args:
        models: folder of the checkpoints of the finished training.
    """
    return models.with_name(f"{models.name}.unfinished")


def find_finished_weights(models: Path) -> Path | None:
    """
    The file of the last weights of a training by :py:func:`train_bundle`; None where it is not finished.

    Args:
        models: folder of its checkpoints.
    """
    return models / LAST_WEIGHTS if models.is_dir() else None


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
