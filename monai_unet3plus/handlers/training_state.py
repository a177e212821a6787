# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The state that an interrupted training is resumed from."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from ignite import distributed as idist
from ignite.engine import Engine, Events
from monai.config import PathLike
from monai.engines import Evaluator, Trainer, Workflow

from ..networks.weights.file import load_weights
from ..utils.errors import InputError
from ..utils.files import remove_leftovers, replacing
from ..utils.settings import settings_to_json

__all__ = ["TrainingState"]

logger = logging.getLogger(__name__)


class TrainingState:
    """
    Keeps all that a training needs to go on after it was killed, in one file that is replaced after each epoch.

    The file holds the states of ``save_dict``, of the gradient scaler, the number of epochs done, and the best metrics
    of trainer and validator. Attach it last, so that it sees the changes by an epoch's other handlers.

    Args:
        path: the file.
        save_dict: network, optimizer and other objects that have ``state_dict`` and ``load_state_dict``, by name.
        validator: the evaluator that training runs now and then.
        resume: whether to go on from the file, if there is one, when training starts. Defaults to False, which
            renames the file of an earlier training, with ".previous" in its name.
        settings: of the training, by name, which have to be those that it began with, since they would have no effect
            or another meaning, see :py:func:`monai_unet3plus.utils.settings.settings_to_json`. Defaults to None.
    """

    def __init__(
        self,
        path: PathLike,
        save_dict: Mapping[str, Any],
        validator: Evaluator,
        resume: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = Path(path)
        self.save_dict = save_dict
        self.validator = validator
        self.resume = resume
        self.settings = {name: json.dumps(settings_to_json(value)) for name, value in (settings or {}).items()}

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(Events.STARTED, self.restore)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def save(self, engine: Trainer) -> None:
        """Write the file; of several processes, the first one does."""
        if engine.state.rank > 0:
            return
        state = {name: obj.state_dict() for name, obj in self.save_dict.items()}
        state["trainer"] = {
            "epoch": engine.state.epoch,
            "epoch_length": engine.state.epoch_length,
            "max_epochs": engine.state.max_epochs,
        }
        state["scaler"] = engine.scaler.state_dict() if engine.scaler is not None else {}
        state["settings"] = self.settings
        state["best"] = [_get_best(engine), _get_best(self.validator)]
        with replacing(self.path) as unfinished:
            torch.save(state, unfinished)

    def restore(self, engine: Trainer) -> None:
        """
        Go on where the file's training was.

        Raises:
            InputError: When the file is damaged, is of a training with another network, optimizer, epoch length,
                number of epochs or other settings, or processes of a distributed training don't find the same one.
        """
        if engine.state.rank == 0:
            remove_leftovers(self.path)
        if not self.resume:
            if engine.state.rank == 0 and self.path.is_file():
                # or a training that is killed in its first epoch would be taken for the one before
                self.path.replace(self.path.with_suffix(".previous.pt"))
            return
        state = load_weights(self.path, "resume", engine.state.device) if self.path.is_file() else None
        if state is not None and "trainer" not in state:
            raise InputError(f"resume: expected {self.path} to be the state of a training, but it holds weights only.")
        epochs_done = idist.all_gather(state["trainer"]["epoch"] if state is not None else 0)
        if isinstance(epochs_done, list) and len(set(epochs_done)) > 1:
            raise InputError(
                f"resume: {self.path} is not the same file for all processes, which are after epochs {epochs_done} "
                "in theirs. Give a ckpt_dir that all machines share."
            )
        if state is None:
            logger.info("nothing to resume: %s does not exist, training starts from the beginning", self.path)
            return
        length = state["trainer"]["epoch_length"]
        if length != engine.state.epoch_length:
            raise InputError(
                f"resume: {self.path} is of a training with {length} iterations per epoch, but there are now "
                f"{engine.state.epoch_length}. Were the cases or the batch size others?"
            )
        epochs = state["trainer"]["max_epochs"]
        if epochs != engine.state.max_epochs:
            raise InputError(
                f"resume: {self.path} is of a training of {epochs} epochs, but there are now "
                f"{engine.state.max_epochs}. The learning rate depends on their number; to train on, start from the "
                "weights with finetune_from."
            )
        self._check_settings(state.get("settings", {}))
        try:
            for name, obj in self.save_dict.items():
                obj.load_state_dict(state[name])
        except (RuntimeError, ValueError, KeyError) as e:
            raise InputError(
                f"resume: {self.path} does not fit this training: {' '.join(str(e).split())}. Were organs, features "
                "or the optimizer others?"
            ) from e
        if engine.scaler is not None and state["scaler"]:
            engine.scaler.load_state_dict(state["scaler"])
        for workflow, best in zip((engine, self.validator), state["best"]):
            workflow.state.best_metric, workflow.state.best_metric_epoch = best
        engine.state.epoch = state["trainer"]["epoch"]
        engine.state.iteration = engine.state.epoch * length
        logger.info("training goes on after epoch %d of %s", engine.state.epoch, engine.state.max_epochs)

    def _check_settings(self, began_with: Mapping[str, str]) -> None:
        """Refuse other settings; files of earlier versions tell none."""
        for name, value in self.settings.items():
            if began_with.get(name, value) != value:
                raise InputError(
                    f"resume: {self.path} is of a training with {name} {began_with[name]}, but it is now {value}. Give "
                    "the value that it began with; to train on with another, start from the weights with finetune_from."
                )


def _get_best(workflow: Workflow) -> list[float]:
    return [float(workflow.state.best_metric), int(workflow.state.best_metric_epoch)]
