# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluators that go on when a case fails."""

from __future__ import annotations

from .case_dataset import CaseDataset
from .case_evaluator import CaseEvaluator, CaseResult
from .loaded_weights import RequireLoadedWeights

__all__ = ["CaseDataset", "CaseEvaluator", "CaseResult", "RequireLoadedWeights"]
