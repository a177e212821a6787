# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train the systems of the UNet 3+ paper's tables alike, and write tables, answers and pictures.

    python -m monai_unet3plus.compare --settings docs/comparison.json --dataset_dir D --output_dir O --jobs 2

The scans are first brought into one small file, O/volumes.npz; with it the command needs the data set no more. A line
is added to O/records.jsonl after each training: interrupted, the same command goes on. In the end O gets results.md and
its pictures in O/images. For each system the learning rate is chosen by patients of the training set; then it is
trained once per seed, and its last weights segment the test cases.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from ...bundle.folder import bundle_files
from ...bundle.run import EXIT_SOME_FAILED
from ...utils.command import EXIT_INTERRUPTED
from ...utils.errors import InputError
from ..command_line import make_parser, start_log
from .schedule import read_records, run_trainings
from .settings import read_settings
from .volumes import prepare_volumes

logger = logging.getLogger(__name__)

_STAGES = ("prepare", "train", "page")


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run a comparison.

    Args:
        arguments: command line without the program's name. Defaults to None, that of the process.
    """
    parser = _parser()
    args = parser.parse_args(arguments)
    start_log()
    try:
        complete = _compare(args)
    except InputError as e:
        parser.error(str(e))
    except KeyboardInterrupt:
        logger.error("interrupted; the same command goes on")
        raise SystemExit(EXIT_INTERRUPTED) from None
    if not complete:
        raise SystemExit(EXIT_SOME_FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = make_parser("compare", __doc__)
    parser.add_argument("--settings", type=Path, required=True, help="JSON file, for instance docs/comparison.json")
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for all that is made")
    parser.add_argument("--dataset_dir", type=Path, help="folder that the settings' cases lie in")
    parser.add_argument("--volumes", type=Path, help="file of the prepared scans (default: OUTPUT_DIR/volumes.npz)")
    parser.add_argument("--stages", nargs="+", choices=_STAGES, default=_STAGES, help="stages to do (default: all)")
    parser.add_argument("--device", default="cpu", help="cpu, or for instance cuda (default: cpu)")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time (default: 1)")
    parser.add_argument(
        "--bundle_root", type=Path, default=bundle_files(), help="folder of the bundle (default: that of the package)"
    )
    return parser


def _compare(args: argparse.Namespace) -> bool:
    settings = read_settings(args.settings)
    known = sorted(file.stem for file in (args.bundle_root / "configs" / "systems").glob("*.json"))
    unknown = sorted(set(settings.systems) - set(known))
    if unknown:
        raise InputError(f"settings: expected systems to be some of {known}, but got {unknown}.")
    args.output_dir.mkdir(parents=True, exist_ok=True)
    _keep_settings(args.settings, args.output_dir / "settings.json")
    volumes, records = args.volumes or args.output_dir / "volumes.npz", args.output_dir / "records.jsonl"
    if "prepare" in args.stages and not volumes.is_file():
        if args.dataset_dir is None:
            raise InputError(f"dataset_dir: expected the data set's folder, since {volumes} does not exist.")
        prepare_volumes(settings, args.dataset_dir, args.bundle_root, volumes)
    complete = True
    if "train" in args.stages:
        complete = run_trainings(settings, volumes, args.bundle_root, records, args.device, args.jobs)
    if "page" in args.stages:
        from .pages import write_pages  # which draws: a machine that only trains needs no matplotlib

        with torch.random.fork_rng(devices=[]):
            write_pages(settings, read_records(records), args.bundle_root, args.output_dir)
        logger.info("comparison: %s", args.output_dir / "results.md")
    return complete


def _keep_settings(given: Path, kept: Path) -> None:
    text = given.read_text(encoding="utf-8")
    if kept.is_file() and kept.read_text(encoding="utf-8") != text:
        raise InputError(
            f"output_dir: {kept.parent} holds a comparison with other settings; expected the same, or another folder."
        )
    kept.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
