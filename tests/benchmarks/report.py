# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time and size of the pictures in a report, and size and memory of a page with many cases.

    python -m tests.benchmarks.report --images FILES --labels FILES [--cases 200]

Pictures are drawn of CTs and their label maps as inference draws them, in three planes for each organ.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import tempfile
from pathlib import Path
from time import process_time

import nibabel as nib
import numpy as np

from monai_unet3plus.report import Page, PageCase, PageOrgan, write_page
from monai_unet3plus.utils.orientation import ras_affine, ras_view
from monai_unet3plus.visualize import save_planes

logger = logging.getLogger("report")

ORGANS = ["liver", "spleen"]
WINDOW = (-200, 250)


def main() -> None:
    """Draw the pictures, and write a page that repeats them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.report", description=__doc__)
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="NIfTI files of CTs")
    parser.add_argument("--labels", type=Path, nargs="+", required=True, help="their label maps, 1 liver, 2 spleen")
    parser.add_argument("--cases", type=int, default=200, help="number of cases of the page")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    with tempfile.TemporaryDirectory() as name:
        pictures = [draw(*pair, Path(name) / f"{k}.webp") for k, pair in enumerate(zip(args.images, args.labels))]
        cases = [
            PageCase(str(k), "segmented", [PageOrgan("liver", "", ["1"])], picture=pictures[k % len(pictures)])
            for k in range(args.cases)
        ]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        page = Path(name) / "report.html"
        write_page(Page("Segmentation", 0, 0, {}, ["volume (ml)"], cases), page)
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        logger.info("page of %d cases: %.1f MB, %.0f MiB more memory", args.cases, page.stat().st_size / 1e6, more)


def draw(image_file: Path, label_file: Path, picture: Path) -> Path:
    """Draw a picture as inference does, and log the time."""
    image, label = (nib.Nifti1Image.from_filename(file) for file in (image_file, label_file))
    grey, labels = (ras_view(np.asarray(volume.dataobj), volume.affine)[0] for volume in (image, label))
    grey = np.clip((grey.astype(np.float32) - WINDOW[0]) / (WINDOW[1] - WINDOW[0]), 0, 1)
    started = process_time()
    save_planes(grey, labels.astype(np.uint8), ORGANS, ras_affine(image.affine, image.shape), picture)
    seconds, size = process_time() - started, picture.stat().st_size / 1000
    logger.info("%s, %s: %.1f s of a processor core, %.0f kB", image_file, grey.shape, seconds, size)
    return picture


if __name__ == "__main__":
    main()
