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
"""Inference over many cases, of which a bad one must not sink the run."""

from __future__ import annotations

import logging
from time import time
from typing import Any

import torch
from monai.data import Dataset
from monai.engines import SupervisedEvaluator
from monai.utils import CommonKeys

from ..errors import InputError, explanation_of

__all__ = ["CaseDataset", "CaseEvaluator"]

logger = logging.getLogger(__name__)

FAILURE = "failure"


class CaseDataset(Dataset):
    """
    A :py:class:`monai.data.Dataset` of dictionaries in which a case that can't be loaded is an item too.

    Such an item is ``{"image": path, "failure": reason}``.
    """

    def _transform(self, index: int) -> Any:
        try:
            return super()._transform(index)
        except Exception as e:
            logger.debug("case %s", self.data[index], exc_info=True)
            return {CommonKeys.IMAGE: str(self.data[index][CommonKeys.IMAGE]), FAILURE: reason_of(e)}


class CaseEvaluator(SupervisedEvaluator):
    """
    A :py:class:`monai.engines.SupervisedEvaluator` that goes on with the next case when one fails.

    Loading (by :py:class:`CaseDataset`), inference and postprocessing, which saves the mask, fail or succeed together.
    Failures are logged as errors when they happen. ``failures`` maps the image's path to the reason, ``succeeded``
    counts the other cases; both are of the latest run. The loader's batch size has to be 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.failures: dict[str, str] = {}
        self.succeeded = 0

    def run(self, global_epoch: int = 1) -> None:  # type: ignore[override]
        self.failures = {}
        self.succeeded = 0
        super().run(global_epoch)

    def _iteration(self, engine: CaseEvaluator, batchdata: dict[str, Any]) -> Any:  # type: ignore[override]
        if FAILURE in batchdata:
            return self._fail(batchdata[CommonKeys.IMAGE][0], batchdata[FAILURE][0])
        path, started = _path_of(batchdata[CommonKeys.IMAGE]), time()
        try:
            output = super()._iteration(engine, batchdata)
        except Exception as e:
            logger.debug("case failed", exc_info=True)
            return self._fail(path, reason_of(e))
        self.succeeded += 1
        logger.info(
            "%d of %d: %s segmented in %.0f s",
            engine.state.iteration,
            engine.state.epoch_length,
            path,
            time() - started,
        )
        return output

    def _fail(self, path: str, reason: str) -> list:
        self.failures[path] = reason
        logger.error(reason if path in reason else f"{path}: {reason}")
        self.state.output = []
        return []


def reason_of(error: BaseException) -> str:
    """
    The sentence that explains an error to a user.

    Args:
        error: the exception that arrived.
    """
    cause = explanation_of(error)
    message = " ".join(str(cause).split())
    return message if isinstance(cause, InputError) else f"{type(cause).__name__}: {message}"


def _path_of(image: torch.Tensor) -> str:
    paths = getattr(image, "meta", {}).get("filename_or_obj", "a case without a file name")
    return str(paths[0] if isinstance(paths, (list, tuple)) else paths)
