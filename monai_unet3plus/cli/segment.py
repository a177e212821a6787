# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""``segment CT MASKS``: organ masks of one CT or of a folder of CTs, by the bundle's inference.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bundle_workflow import add_bundle_options, bundle_workflow

if TYPE_CHECKING:
    from ..engines import CaseEvaluator

__all__ = ["add_parser", "segment"]

_EPILOG = """\
MASKS gets NAME_seg.nii.gz for each CT, on the CT's own grid, and report.html with volumes, pictures and the masks to
look at. If a run is interrupted, repeat the command; finished masks are kept.

exit status: 0 all CTs segmented, 3 some failed, 1 none segmented or wrong input, 2 wrong command line, 130 interrupted
"""


def add_parser(commands: Any) -> None:
    """Add the command to the subparsers of a command line."""
    parser = commands.add_parser(
        "segment",
        help="segment a CT, or all CTs of a folder",
        description="Segment organs in CT.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "dataset_dir", metavar="CT", help="NIfTI, NRRD or MetaImage file, DICOM file or folder, or a folder of CTs"
    )
    parser.add_argument("output_dir", metavar="MASKS", help="folder for the masks; made if missing")
    parser.add_argument(
        "--organs",
        dest="organ_names",
        type=lambda text: text.split(","),
        metavar="NAMES",
        help="organs to segment, such as liver or liver,spleen (default: all organs of the weights)",
    )
    parser.add_argument("--checkpoint", metavar="FILE", help="weights of your own training (default: the bundle's)")
    flag = {"action": "store_const", "const": True}  # one that is not given leaves the config's value
    parser.add_argument("--keep-largest", **flag, help="keep only the largest connected part of each organ")
    parser.add_argument("--dicom-seg", **flag, help="write masks of DICOM series as DICOM SEG too")
    parser.add_argument(
        "--shard",
        metavar="K/N",
        help="segment the Kth of N shares of the CTs, such as 3/8; other processes segment the other shares into the "
        "same MASKS. The report is report_K_of_N.html. Then run the command without --shard: it makes missing masks "
        "and the report of all CTs",
    )
    parser.add_argument("--overwrite", **flag, help="also segment CTs that have a finished mask")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the volumes in ml for each CT as JSON on stdout; the log goes to stderr",
    )
    add_bundle_options(parser)
    arguments = {"dataset_dir": "CT", "output_dir": "MASKS", "dicom_seg": "--dicom-seg", "checkpoint": "--checkpoint"}
    parser.set_defaults(run=segment, arguments=arguments)


def segment(options: argparse.Namespace) -> None:
    """
    Segment CTs.

    Raises:
        SystemExit: With the status of the bundle.
        InputError: When an argument is wrong.
    """
    from ..data.reading.reader_process import start_spare

    start_spare()
    variables = {"organs": _organs(options.organ_names, options.checkpoint)}
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        workflow = bundle_workflow(["inference"], "inference", options, variables)
        workflow.initialize()
        workflow.run()
    if options.json:
        cases = _cases(workflow.parser.get_parsed_content("evaluator"))
        sys.stdout.write(json.dumps(cases, indent=2) + "\n")
        sys.stdout.flush()
    with redirect_stdout(sys.stderr) if options.json else nullcontext():
        workflow.finalize()


def _organs(names: Sequence[str] | None, checkpoint: str | None) -> dict[str, int] | None:
    """The variable ``organs``; None leaves the config's."""
    if names is None and checkpoint is not None and Path(checkpoint).is_file():  # the bundle says if it is not there
        from ..handlers.checkpoint import get_trained_organs
        from ..networks.weights.file import load_weights

        names = get_trained_organs(load_weights(checkpoint, "checkpoint", "meta"))
    return None if names is None else {name: value for value, name in enumerate(names, start=1)}


def _cases(evaluator: CaseEvaluator) -> dict[str, dict[str, Any]]:
    """The output of ``--json``: for the path of each CT its status, the file of its mask, volumes and flags."""
    cases: dict[str, dict[str, Any]] = {}
    for result in evaluator.results:
        case: dict[str, Any] = {"status": result.status}
        if result.status == "failed":
            case["reason"] = result.reason
        else:
            case["mask"] = str(evaluator.records.get_mask_path(result.image)) if evaluator.records else None
            case["volume_ml"] = {organ: facts.get("volume_ml") for organ, facts in result.organs.items()}
            case["flags"] = {organ: facts.get("flags", []) for organ, facts in result.organs.items()}
        cases[result.image] = case
    return cases
