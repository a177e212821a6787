# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Loading and saving of checkpoints: strict loading, atomic saving."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from ignite.engine import Engine, Events
from ignite.handlers import DiskSaver
from monai.config import PathLike
from monai.handlers import CheckpointLoader as MonaiCheckpointLoader
from monai.handlers import CheckpointSaver as MonaiCheckpointSaver

from ..networks.weights.file import load_weights
from ..report import get_weights_warning
from ..utils.errors import InputError
from ..utils.files import compute_sha256, remove_leftovers, replacing

__all__ = ["PER_ORGAN", "CheckpointLoader", "CheckpointSaver", "get_trained_organs", "save_weights", "select_outputs"]

PER_ORGAN = ("heads.", "presence_head.")  # layers of UNet3Plus with outputs for each organ: rows come organ by organ

logger = logging.getLogger(__name__)

_ORGANS = "organs"  # beside the versions of layers that PyTorch keeps with a state_dict


def get_trained_organs(checkpoint: Any) -> list[str] | None:
    """
    The organs that weights were trained for, in order, or None if their file does not tell.

    Args:
        checkpoint: content of a file of weights, see :py:func:`load_weights`: a ``state_dict``, or
            one under the name "model".
    """
    weights = checkpoint.get("model", checkpoint) if isinstance(checkpoint, dict) else None
    return getattr(weights, "_metadata", {}).get("", {}).get(_ORGANS)


def select_outputs(
    weights: Mapping[str, torch.Tensor], trained: Sequence[str], organs: Sequence[str]
) -> dict[str, torch.Tensor]:
    """
    The weights of a network with only some of the outputs, which is exact, since each organ has a sigmoid of its own.

    Args:
        weights: ``state_dict`` of a :py:class:`monai_unet3plus.networks.nets.UNet3Plus`.
        trained: names of its organs, in order.
        organs: those to keep, in the order wanted.

    Raises:
        ValueError: When an organ is not among them, or the weights are of another kind of network.
    """
    rows = [list(trained).index(organ) for organ in organs]
    selected = dict(weights)
    layers = [name for name in weights if name.startswith(PER_ORGAN)]
    if not layers:
        raise ValueError(f"Expected layers that begin with one of {PER_ORGAN}, but found none.")
    for name in layers:
        by_organ = weights[name].reshape(len(trained), -1, *weights[name].shape[1:])  # two rows each for presence
        selected[name] = by_organ[rows].flatten(0, 1)
    return selected


def save_weights(checkpoint: Any, path: PathLike, organs: Sequence[str] | None = None) -> None:
    """
    Save a checkpoint under its name only when it is complete. Weights of a network alone lie on the CPU in it.

    Args:
        checkpoint: ``state_dict`` of a network, or anything else that ``torch.save`` takes.
        path: the file.
        organs: names of the organs that the network is trained for, in order; they are stored with the weights.
            Defaults to None.
    """
    if hasattr(checkpoint, "_metadata"):  # of a network
        if organs is not None:
            checkpoint._metadata[""][_ORGANS] = list(organs)
        for name, value in checkpoint.items():  # else `torch.load` wants the GPU that trained them
            checkpoint[name] = value.cpu() if isinstance(value, torch.Tensor) else value
    with replacing(path) as unfinished:
        torch.save(checkpoint, unfinished)


class CheckpointLoader(MonaiCheckpointLoader):
    """
    MONAI's loader, strict, with errors that name the remedy.

    Args:
        args: see :py:class:`monai.handlers.CheckpointLoader`.
        organs: names of the network's organs, in order. If the file of the weights tells its organs, the network gets
            the outputs of those that have these names. Defaults to None, the outputs as they are.
        metadata: content of the bundle's ``metadata.json``; its warning of the weights that the bundle was delivered
            with is logged when they are loaded. Defaults to None.
        kwargs: see :py:class:`monai.handlers.CheckpointLoader`.
    """

    def __init__(
        self, *args: Any, organs: Sequence[str] | None = None, metadata: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.organs = organs
        self.metadata = metadata
        self.warned = False

    def load(self) -> None:
        """
        Load before a run, as ``initialize`` of a bundle does; the run loads again when it starts.

        Raises:
            InputError: As for a call.
        """
        self(Engine(lambda engine, batch: None))

    def __call__(self, engine: Engine) -> None:
        """
        Load.

        Raises:
            InputError: When the checkpoint does not exist or does not fit, or lacks an organ; the message names the
                file and the keys.
        """
        if not os.path.isfile(self.load_path):
            raise InputError(
                f"checkpoint: expected trained weights, but {self.load_path} does not exist. Train first (train.json "
                "writes models/model.pt), or give another file with --checkpoint."
            )
        trained = get_trained_organs(load_weights(self.load_path, "checkpoint", "meta"))
        try:
            if self.organs is None or trained is None or trained == list(self.organs):
                super().__call__(engine)
            else:
                self._load_outputs(trained, list(self.organs))
        except (RuntimeError, TypeError) as e:  # of load_state_dict; its message lists the keys
            raise InputError(
                f"checkpoint: {self.load_path} does not fit the network: {' '.join(str(e).split())}. Were other "
                "organs, features or num_slices given in training?"
            ) from e
        if self.warned:  # by an earlier load; the file need not be read once more
            return
        warning = get_weights_warning(compute_sha256(self.load_path), self.metadata)
        if warning:
            self.warned = True
            logger.warning("%s: %s", self.load_path, warning)

    def _load_outputs(self, trained: Sequence[str], organs: Sequence[str]) -> None:
        weights = load_weights(self.load_path, "checkpoint")
        try:
            weights = select_outputs(weights.get("model", weights), trained, organs)
        except ValueError as e:
            raise InputError(
                f"checkpoint: {self.load_path} was trained for the organs {list(trained)}, but organs has "
                f"{list(organs)}. Give the organs it was trained for, or some of them if it is of a UNet3Plus."
            ) from e
        for network in self.load_dict.values():
            network.load_state_dict(weights)


class CheckpointSaver(MonaiCheckpointSaver):
    """
    MONAI's saver, atomic: a file under its final name is complete, whenever the process is killed. In a file of a
    network's weights alone they lie on the CPU, wherever they were trained.

    MONAI's own writes in place, and removes the last best checkpoint before it writes the new one. The best one is
    that of ``engine.state.best_metric``, which a resumed training restores; MONAI's own begins with a list of its own.

    Args:
        args: see :py:class:`monai.handlers.CheckpointSaver`.
        organs: names of the organs that the network is trained for, in order; they are stored with the weights.
            Defaults to None.
        kwargs: see :py:class:`monai.handlers.CheckpointSaver`.
    """

    def __init__(self, *args: Any, organs: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fixed_names: list[str] = []
        for checkpoint in (self._final_checkpoint, self._key_metric_checkpoint, self._interval_checkpoint):
            if checkpoint is not None:
                filename = checkpoint.save_handler.filename  # type: ignore[attr-defined]
                checkpoint.save_handler = _AtomicSaver(self.save_dir, filename, organs)
                self._fixed_names += [] if filename is None else [filename]

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer or evaluator; of several processes, only the first one's is saved."""
        if engine.state.rank == 0:  # type: ignore[attr-defined]
            super().attach(engine)
            engine.add_event_handler(Events.STARTED, self._remove_leftovers)

    def exception_raised(self, engine: Engine, e: Exception) -> None:
        """
        Save the weights when a run ends by an exception, which goes on, but not over good weights when a loss is not
        finite.
        """
        if isinstance(e, InputError):
            raise e
        super().exception_raised(engine, e)

    def metrics_completed(self, engine: Engine) -> None:
        """Save if the epoch is the best so far."""
        if engine.state.best_metric_epoch == engine.state.epoch:  # type: ignore[attr-defined]
            super().metrics_completed(engine)

    def _remove_leftovers(self, engine: Engine) -> None:
        """Of a training that was killed while it saved under a fixed name."""
        for filename in self._fixed_names:
            remove_leftovers(os.path.join(self.save_dir, filename))


class _AtomicSaver(DiskSaver):
    """Saves under a fixed file name, if one is given, by replacing that file."""

    def __init__(self, dirname: str, filename: str | None, organs: Sequence[str] | None) -> None:
        super().__init__(dirname, require_empty=False)
        self.filename = filename
        self.organs = organs

    def __call__(self, checkpoint: Any, filename: str, metadata: Any = None) -> None:
        save_weights(checkpoint, os.path.join(self.dirname, self.filename or filename), self.organs)

    def remove(self, filename: str) -> None:
        if self.filename is None:  # a file of a fixed name is replaced, never removed
            super().remove(filename)
