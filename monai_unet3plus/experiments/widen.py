# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
Give the encoder of trained weights more channels, to train on from there (Chen et al., "Net2Net", ICLR 2016).

    python -m monai_unet3plus.experiments.widen --checkpoint OLD --features 16 64 128 256 512 --output NEW

The wider network gives the same maps and presence as the one before: the weights of new channels begin at random, and
those that lead from new channels to old ones begin at 0, from which the first training step moves them. The channels of
the first level stay, since the decoder has as many for each of its branches (section 2.1 of the paper).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from monai.bundle import ConfigParser
from torch import nn

from ..handlers.checkpoint import get_trained_organs, save_weights
from ..networks.weights.file import load_weights
from ..utils.errors import InputError
from .command_line import make_parser, start_log

logger = logging.getLogger(__name__)


def main() -> None:
    """Write the weights of the wider network."""
    parser = make_parser("experiments.widen", __doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="weights of the bundle's network")
    parser.add_argument("--features", type=int, nargs=5, required=True, help="channels of the wider encoder's levels")
    parser.add_argument("--seed", type=int, default=0, help="of the new channels")
    parser.add_argument("--bundle_root", type=Path, default=Path("bundle"), help="folder of the bundle")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    start_log()
    torch.manual_seed(args.seed)
    config = ConfigParser(ConfigParser.load_config_file(args.bundle_root / "configs" / "inference.json"))
    config["features"] = args.features
    wider = config.get_parsed_content("network_def")
    try:
        weights = load_weights(args.checkpoint, "checkpoint")
        load_narrower(wider, weights)
    except InputError as e:
        parser.error(str(e))
    save_weights(wider.state_dict(), args.output, get_trained_organs(weights))
    logger.info("%s: features %s", args.output, args.features)


def load_narrower(network: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """
    Load weights of a network with fewer channels on some levels of its encoder.

    Args:
        network: the wider :py:class:`monai_unet3plus.networks.nets.UNet3Plus`, changed in place. It computes the same
            as the narrower one afterwards.
        weights: ``state_dict`` of the narrower network, else equal.

    Raises:
        InputError: When the weights are not those of such a network.
    """
    wider = network.state_dict()
    if wider.keys() != weights.keys():
        other = sorted(wider.keys() ^ weights.keys())
        raise InputError(
            f"checkpoint: expected the weights of the same network with fewer channels, but {other} differ."
        )
    for name, old in weights.items():
        new = wider[name]
        fits = old.dim() == new.dim() and all(n >= o for n, o in zip(new.shape, old.shape))
        if not fits or (new.shape != old.shape and name.startswith("encoder.levels.0.")):
            raise InputError(
                "features: expected at least the channels of the checkpoint, and equal ones on the first level, but "
                f"{name} is {list(old.shape)} there and would be {list(new.shape)}."
            )
        kept = slice(len(old)) if old.dim() else ...
        if old.dim() > 1:
            new[kept] = 0  # what new channels add to old ones
            new[kept, : old.shape[1]] = old
        else:
            new[kept] = old
    network.load_state_dict(wider)


if __name__ == "__main__":
    main()
