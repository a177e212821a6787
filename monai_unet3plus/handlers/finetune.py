# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Initial weights from a training on the same or on other organs."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence

import torch
import torch.nn as nn
from ignite.engine import Engine, Events

from ..networks.weights.file import load_weights
from ..utils.errors import InputError
from .checkpoint import PER_ORGAN, get_trained_organs

__all__ = ["FinetuneLoader"]

logger = logging.getLogger(__name__)


class FinetuneLoader:
    """
    Loads weights of a training on other organs before a training starts: all but the outputs of other organs.

    Args:
        load_path: checkpoint of a :py:class:`monai_unet3plus.networks.nets.UNet3Plus` of the same ``features``.
        network: the network to be trained.
        organs: names of the network's organs, in order.
        checkpoint_organs: names of the checkpoint's organs, in order. None if its file tells.
    """

    def __init__(
        self, load_path: str, network: nn.Module, organs: Sequence[str], checkpoint_organs: Sequence[str] | None
    ) -> None:
        self.load_path = load_path
        self.network = network
        self.organs = list(organs)
        self.checkpoint_organs = [] if checkpoint_organs is None else list(checkpoint_organs)

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer."""
        engine.add_event_handler(Events.STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """
        Load, and log the outputs that start anew and those that are dropped.

        Raises:
            InputError: When the checkpoint does not exist or does not fit, or its organs are not said or others.
        """
        if not os.path.isfile(self.load_path):
            raise InputError(f"finetune_from: expected a checkpoint, but {self.load_path} does not exist.")
        checkpoint = load_weights(self.load_path, "finetune_from")
        self.checkpoint_organs = self.checkpoint_organs or get_trained_organs(checkpoint) or []
        if not self.checkpoint_organs:
            raise InputError(
                f"finetune_organs: expected the organs that {self.load_path} was trained for, in order, such as "
                "\"['liver']\". Outputs of those that are trained again are taken over."
            )
        checkpoint = checkpoint.get("model", checkpoint)
        weights = self.network.state_dict()
        unknown = sorted(key for key in checkpoint if key not in weights and not key.startswith(PER_ORGAN))
        missing = sorted(key for key in weights if key not in checkpoint and not key.startswith(PER_ORGAN))
        if unknown or missing:
            raise InputError(
                f"finetune_from: {self.load_path} does not fit the network: {len(missing)} weights are missing "
                f"({missing[:3]}), {len(unknown)} are unknown ({unknown[:3]}). Is it of a UNet3Plus?"
            )
        anew = set()
        for name, weight in weights.items():
            if name not in checkpoint:
                anew.add(name)
            elif name.startswith(PER_ORGAN):
                self._copy_organs(name, weight, checkpoint)
            elif weight.shape != checkpoint[name].shape:
                raise InputError(
                    f"finetune_from: {self.load_path} has {name} of shape {tuple(checkpoint[name].shape)}, but the "
                    f"network one of {tuple(weight.shape)}. Give the features it was trained with."
                )
            else:
                weight.copy_(checkpoint[name])
        organs, theirs = self.organs, self.checkpoint_organs
        logger.info("weights taken from %s", self.load_path)
        _log_outputs("start anew", [organ for organ in organs if organ not in theirs], anew)
        _log_outputs(
            "left in the file", [organ for organ in theirs if organ not in organs], set(checkpoint) - set(weights)
        )

    def _copy_organs(self, name: str, weight: torch.Tensor, checkpoint: Mapping[str, torch.Tensor]) -> None:
        """Copy the rows of the organs that both have."""
        source, rows = checkpoint[name], len(weight) // len(self.organs)
        if source.shape[1:] != weight.shape[1:] or len(source) != rows * len(self.checkpoint_organs):
            raise InputError(
                f"finetune_from: {self.load_path} has {len(source) // rows} organs in {name}, but "
                f"{len(self.checkpoint_organs)} are named: {self.checkpoint_organs}. Name them with finetune_organs."
            )
        for position, organ in enumerate(self.checkpoint_organs):
            if organ in self.organs:
                target = self.organs.index(organ)
                weight[target * rows : (target + 1) * rows] = source[position * rows : (position + 1) * rows]


def _log_outputs(what: str, organs: Sequence[str], layers: set[str]) -> None:
    logger.info("%s: outputs of %s; weights %s", what, organs or "no organ", sorted(layers) or "none")
