# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Drop labels of an organ that a network does not confirm: that of the case's fold, which has not seen the case.

    python -m monai_unet3plus.experiments.check_labels --datalist_file LIST --work_dir WORK --organ spleen --output NEW

WORK is that of ``monai_unet3plus.experiments.cross_validation``. In NEW the organ is no longer annotated in the cases
in doubt; the log names them with the reason. Cases of folds that were not done stay as they are, and are counted.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ..data.label_agreement import find_label_doubts
from ..masks.paths import mask_path
from .case_lists import find_root, read_list, write_list
from .command_line import add_label_options, make_parser, start_log

logger = logging.getLogger(__name__)


def main() -> None:
    """Write the list without the doubtful labels."""
    parser = make_parser("experiments.check_labels", __doc__)
    add_label_options(parser, 0.8, "the network's mask")
    parser.add_argument("--work_dir", type=Path, required=True, help="folder of the cross-validation")
    parser.add_argument("--volume_range_ml", type=float, nargs=2, help="its smallest and largest volume, where known")
    args = parser.parse_args()
    start_log()

    cases = read_list(args.datalist_file)
    root = find_root(cases)
    counts = {"confirmed": 0, "dropped": 0, "not judged": 0}
    for case in cases:
        annotated = case.get("annotated", args.organs)
        if args.organ not in annotated or args.source not in (None, case["source"]):
            continue
        mask = mask_path(case["image"], root, args.work_dir / f"fold_{case['fold']}" / "evaluation")
        doubts = None
        if mask.is_file():
            value = args.organs.index(args.organ) + 1
            doubts = _find_doubts(case, mask, value, args.least_dice, args.volume_range_ml)
        if doubts:
            case["annotated"] = [organ for organ in annotated if organ != args.organ]
            logger.info("%s: %s", case["label"], "; ".join(doubts))
        counts["not judged" if doubts is None else "dropped" if doubts else "confirmed"] += 1
    write_list(cases, args.output)
    logger.info("labels of the %s: %s", args.organ, ", ".join(f"{number} {name}" for name, number in counts.items()))


def _find_doubts(
    case: dict[str, Any], mask: Path, value: int, least_dice: float, volume_range_ml: list[float] | None
) -> list[str]:
    label, prediction = (nib.Nifti1Image.from_filename(file) for file in (case["label"], mask))
    spacing = label.header.get_zooms()[:3] if case.get("spacing_known", True) else None
    return find_label_doubts(
        np.asarray(label.dataobj) == value,
        np.asarray(prediction.dataobj) == value,
        spacing,
        least_dice,
        volume_range_ml,
    )


if __name__ == "__main__":
    main()
