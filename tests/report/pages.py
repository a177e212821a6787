# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A page of a run with cases that succeeded, one without a picture, and one that failed under a name full of markup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from monai_unet3plus.report import Page, inference_page

WILD = "<img src=x onerror=alert(1)>/\"a\" & 'b' <script>alert(2)<.nii.gz"


def write_picture(path: Path) -> Path:
    """A picture of 60 x 20 pixels in WebP."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 60, 3), np.uint8)).save(path)
    return path


def example_page(folder: Path) -> Page:
    """
    Args:
        folder: gets the pictures.
    """
    liver = {"volume_ml": 1423.4, "flags": ["2 large parts", "touches the image's border (head)"]}
    spleen = {"volume_ml": 87.25, "flags": []}
    rest = {"reason": "", "remarks": []}
    report = {
        "started": "2026-02-03T04:05:06+00:00",
        "seconds": 75.2,
        "counts": {"segmented": 1, "unchanged": 1, "failed": 1, "not_tried": 2},
        "warning": "look at every mask.",
        "versions": {"monai_unet3plus": "1.2.3", "PyTorch": "9.8"},
        "weights_sha256": "ab" * 32,
        "settings": {"keep_largest": True, "inferer": {"class": "some.Inferer", "overlap": 0.25}},
        "cases": [
            {"image": "a/ct.nii.gz", "status": "segmented", "organs": {"liver": liver, "spleen": spleen}, **rest},
            {"image": "b.nii.gz", "status": "unchanged", "organs": {"liver": liver}, **rest, "remarks": ["no affine"]},
            {"image": WILD, "status": "failed", "organs": {}, "reason": f"{WILD}: expected one", "remarks": []},
        ],
    }
    return inference_page(report, [write_picture(folder / "ct_seg.webp"), folder / "missing.webp", None])
