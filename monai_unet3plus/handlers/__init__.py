# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Ignite handlers for training, evaluation and inference."""

from __future__ import annotations

from .checkpoint import CheckpointLoader, CheckpointSaver
from .early_stop import EarlyStop
from .evaluation_pictures import EvaluationPictures
from .evaluation_report import EvaluationReport
from .finetune import FinetuneLoader
from .finite_loss import FiniteLoss
from .gathered_report import report_together
from .history import TrainingHistory
from .inference_pictures import InferencePictures
from .inference_report import InferenceReport
from .missing_dicom_segs import MissingDicomSegs
from .organ_dice import OrganDice
from .prepare_network import PrepareNetwork
from .presence import PresenceVerdicts
from .progress import ProgressHandler
from .quality_flags import QualityFlags
from .seeding import EpochSeed
from .stats import StatsHandler
from .training_state import TrainingState
from .weight_average import WeightAverage

__all__ = [
    "EvaluationPictures",
    "EvaluationReport",
    "CheckpointLoader",
    "CheckpointSaver",
    "EarlyStop",
    "EpochSeed",
    "FinetuneLoader",
    "FiniteLoss",
    "MissingDicomSegs",
    "OrganDice",
    "InferencePictures",
    "PrepareNetwork",
    "PresenceVerdicts",
    "ProgressHandler",
    "QualityFlags",
    "InferenceReport",
    "StatsHandler",
    "TrainingHistory",
    "TrainingState",
    "WeightAverage",
    "report_together",
]
