# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

from .checkpoint import CheckpointLoader, CheckpointSaver
from .early_stop import EarlyStop
from .evaluation_pictures import EvaluationPictures
from .evaluation_report import EvaluationReport
from .finetune import FinetuneLoader
from .finite_loss import FiniteLoss
from .history import TrainingHistory
from .inference_pictures import InferencePictures
from .inference_report import InferenceReport
from .organ_dice import OrganDice
from .prepare_network import PrepareNetwork
from .presence import PresenceVerdicts
from .progress import ProgressHandler
from .quality_flags import QualityFlags
from .seeding import EpochSeed
from .stats import StatsHandler
from .training_state import TrainingState

__all__ = [
    "EvaluationPictures",
    "EvaluationReport",
    "CheckpointLoader",
    "CheckpointSaver",
    "EarlyStop",
    "EpochSeed",
    "FinetuneLoader",
    "FiniteLoss",
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
]
