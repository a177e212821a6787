# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of an inference run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ..visualize.panels import get_colour
from .page import Page, PageCase, PageOrgan, format_millilitres
from .provenance import list_provenance
from .schema import InferenceRun

__all__ = ["inference_page"]

_STATUS = {"segmented": "segmented", "unchanged": "had its mask", "failed": "failed", "not_tried": "not tried"}


def inference_page(run: InferenceRun, pictures: Sequence[Path | None]) -> Page:
    """
    The page of an inference run.

    Args:
        run: content of ``report.json``.
        pictures: of each of its cases; files that are not there are left out.
    """
    cases = [
        PageCase(
            name=case["image"],
            status=_STATUS[case["status"]],
            organs=[
                PageOrgan(organ, get_colour(k), [format_millilitres(facts.get("volume_ml"))], facts.get("flags", ()))
                for k, (organ, facts) in enumerate(case["organs"].items())
            ],
            failure=case["reason"],
            remarks=case["remarks"],
            picture=picture,
        )
        for case, picture in zip(run["cases"], pictures)
    ]
    return Page(
        title="Segmentation",
        started=datetime.fromisoformat(run["started"]).timestamp(),
        seconds=run["seconds"],
        counts={words: run["counts"].get(status, 0) for status, words in _STATUS.items()},
        columns=["volume (ml)"],
        cases=cases,
        warning=run["warning"],
        note="Pictures: for each organ the slices with most of it.",
        facts=list_provenance(run["versions"], run["weights_sha256"], run["settings"]),
        settings=run["settings"],
    )
