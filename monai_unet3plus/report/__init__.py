# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""HTML reports of evaluation and inference."""

from __future__ import annotations

from .evaluation import EvaluatedCase, evaluation_page
from .inference import inference_page
from .page import Page, PageCase, PageOrgan, write_page
from .provenance import get_weights_warning, versions

__all__ = [
    "EvaluatedCase",
    "Page",
    "PageCase",
    "PageOrgan",
    "evaluation_page",
    "inference_page",
    "versions",
    "get_weights_warning",
    "write_page",
]
