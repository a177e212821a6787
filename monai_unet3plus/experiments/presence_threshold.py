# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Change the probability above which a network's classifier calls an organ present, one half by default.

    python -m monai_unet3plus.experiments.presence_threshold --checkpoint OLD --threshold 0.7 --output NEW

Training draws slices without an organ more seldom than a CT has them (``organ_free_share``), so the classifier calls
organs present too often: its probability p means the odds p / (1 - p) times those of the organ in a CT, over those in
training. The threshold goes into the classifier's bias; nothing else changes, neither in the file's form nor in speed.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

import torch

from ..handlers.checkpoint import get_trained_organs, save_weights
from ..networks.weights.file import load_weights
from ..utils.errors import InputError
from .command_line import make_parser, start_log

logger = logging.getLogger(__name__)

_BIAS = "presence_head.conv.bias"


def main() -> None:
    """Write the weights with another threshold."""
    parser = make_parser("experiments.presence_threshold", __doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights of UNet3Plus with the classifier")
    parser.add_argument("--threshold", type=float, required=True, help="probability above which an organ is present")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    start_log()
    try:
        save_with_threshold(args.checkpoint, args.threshold, args.output)
    except InputError as e:
        parser.error(str(e))
    logger.info("%s: an organ is present above a probability of %g", args.output, args.threshold)


def save_with_threshold(checkpoint: Path, threshold: float, output: Path) -> None:
    """
    Save weights with another threshold, see :py:func:`set_threshold`.

    Raises:
        InputError: As of :py:func:`set_threshold`, or when the file is damaged.
    """
    weights = load_weights(checkpoint, "checkpoint")
    set_threshold(weights, threshold)
    save_weights(weights, output, get_trained_organs(weights))


def set_threshold(weights: dict[str, torch.Tensor], threshold: float) -> None:
    """
    Change the probability above which the classifier calls an organ present, for all organs.

    Args:
        weights: ``state_dict`` of a :py:class:`monai_unet3plus.networks.nets.UNet3Plus`, changed in place. Its
            probabilities change too, so a second call adds to the first one.
        threshold: between 0 and 1; 0.5 changes nothing.

    Raises:
        InputError: When the threshold is not between 0 and 1, or the network has no classifier.
    """
    if not 0 < threshold < 1:
        raise InputError(f"threshold: expected a probability between 0 and 1, but got {threshold:g}.")
    if _BIAS not in weights:
        raise InputError(f"checkpoint: expected the weights of a classifier, but there is no {_BIAS}.")
    # Two logits per organ, absent and present, each the highest over all places of the map: a constant added to one
    # before that is the same constant after it.
    shift = torch.tensor([0.0, -math.log(threshold / (1 - threshold))])
    weights[_BIAS] = weights[_BIAS] + shift.repeat(len(weights[_BIAS]) // 2).to(weights[_BIAS])


if __name__ == "__main__":
    main()
