# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The options that segment, train and evaluate share, and the bundle's configs as a workflow of this process."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle.folder import bundle_files
from ..experiments.bundle_process import override
from ..utils.errors import InputError
from ..utils.garbage import paused_collection

if TYPE_CHECKING:  # MONAI takes seconds to load, which a --help should not
    from monai.bundle import ConfigWorkflow

__all__ = ["add_bundle_options", "add_label_options", "bundle_workflow", "organ_labels", "run_workflow"]


def add_bundle_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``, ``--bundle`` and ``--set``."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1 and so on (default: the first GPU, else cpu)")
    parser.add_argument("--bundle", metavar="FOLDER", help="your own copy of the bundle (default: the package's)")
    parser.add_argument(
        "--set",
        action="append",
        type=override,
        default=[],
        dest="overrides",
        metavar="NAME=VALUE",
        help="set a variable of the bundle's configs, see docs/configuration.md; may be repeated",
    )


def add_label_options(parser: argparse.ArgumentParser, data: str, output: str) -> None:
    """
    Add ``DATA``, ``OUTPUT`` and ``--organs`` with label values.

    Args:
        parser: of a command that reads label maps.
        data: the help of ``DATA``.
        output: the help of ``OUTPUT``.
    """
    parser.add_argument("dataset_dir", metavar="DATA", help=data)
    parser.add_argument("output_dir", metavar="OUTPUT", help=output)
    parser.add_argument(
        "--organs",
        type=organ_labels,
        metavar="NAME=VALUE,...",
        help="label values of each organ, such as liver=1+2,spleen=3 (default: liver=1,spleen=2)",
    )
    parser.set_defaults(
        arguments={
            "dataset_dir": "DATA",
            "output_dir": "OUTPUT",
            "ckpt_dir": "OUTPUT/models",
            "checkpoint": "--checkpoint",
        }
    )


def organ_labels(text: str) -> dict[str, int | list[int]]:
    """
    Read organs and their label values from a command line, for argparse.

    Args:
        text: such as ``liver=1+2,spleen=3``, or a dictionary in Python's syntax.

    Returns:
        the label value or values of each organ.

    Raises:
        ArgumentTypeError: When it is neither.
    """
    try:
        if text.lstrip().startswith("{"):
            return dict(ast.literal_eval(text))
        organs: dict[str, int | list[int]] = {}
        for part in text.split(","):
            name, values = part.split("=")
            numbers = [int(value) for value in values.split("+")]
            organs[name.strip()] = numbers[0] if len(numbers) == 1 else numbers
        return organs
    except (ValueError, SyntaxError, TypeError):
        raise argparse.ArgumentTypeError(
            f"expected organs and their label values, such as liver=1+2,spleen=3, but got {text}"
        ) from None


def bundle_workflow(
    names: Sequence[str], workflow_type: str, options: argparse.Namespace, variables: Mapping[str, Any] | None = None
) -> ConfigWorkflow:
    """
    Read configs of the bundle. Their variables get the values of the options of the same name; where that is None, the
    config's own stays. ``--set`` goes before both.

    Args:
        names: of the configs, without suffix; later ones override earlier ones.
        workflow_type: "train" or "inference".
        variables: values of variables that are no options. Defaults to None.

    Returns:
        the workflow, not initialized.

    Raises:
        InputError: When the bundle has no such config, or the configs no variable that ``--set`` names.
    """
    with paused_collection():
        from monai.bundle import ConfigParser, ConfigWorkflow

        from ..bundle.variables import VARIABLES

    bundle = Path(options.bundle) if options.bundle else bundle_files()
    files = [bundle / "configs" / f"{name}.json" for name in names]
    for file in files:
        if not file.is_file():
            raise InputError(f"bundle: expected the folder of a bundle, but {file} does not exist.")
    paths = [str(file) for file in files]
    known = ConfigParser.load_config_files(paths)
    unknown = sorted(name for name, _ in options.overrides if name.split("#")[0] not in known)
    if unknown:
        raise InputError(f"set: expected variables of {', '.join(names)}.json, but found {unknown}.")
    by_options = {name: value for name, value in vars(options).items() if name in VARIABLES and name in known}
    given = {"bundle_root": str(bundle), **by_options, **(variables or {})}
    overrides = {**{name: value for name, value in given.items() if value is not None}, **dict(options.overrides)}
    return ConfigWorkflow(config_file=paths, workflow_type=workflow_type, **overrides)


def run_workflow(workflow: ConfigWorkflow) -> None:
    """
    Initialize, run and finalize, as ``python -m monai.bundle run`` does.

    Raises:
        SystemExit: With the status of the bundle.
    """
    workflow.initialize()
    workflow.run()
    workflow.finalize()
