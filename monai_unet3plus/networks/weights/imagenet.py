# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights of torchvision's ResNets, trained on ImageNet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
import torch.nn as nn
from monai.config import PathLike

from ...utils.errors import InputError, join_names
from ..encoders import ResNetStages
from .file import load_weights

__all__ = ["load_imagenet_weights"]

Network = TypeVar("Network", bound=nn.Module)

# Files of older versions of torchvision lack this count, which nothing is computed from.
_COUNT = "num_batches_tracked"


def load_imagenet_weights(network: Network, path: PathLike) -> Network:
    """
    Load a state dict of torchvision's ResNet, trained on ImageNet, into the ResNet inside a network.

    The file is one that torchvision's users have, such as ``resnet101-63fe2227.pth``; nothing is downloaded. Layers
    that the network does not have, and the classifier ``fc``, are passed over. Of other than 3 channels, each gets the
    mean over red, green and blue, times 3 over their number, so that the answer to grey stays the same.

    Args:
        network: a 2D network with such a ResNet of its own widths, for instance ``UNet3Plus(backbone="resnet101")``.
        path: the file.

    Returns:
        ``network``, with the weights in place.

    Raises:
        InputError: A ValueError, when the file can't be read or holds more than weights, or names are missing in it or
            of another shape. The message names them; the network is left unchanged.
        ValueError: When ``network`` has no ResNet.
    """
    resnet = next((module for module in network.modules() if isinstance(module, ResNetStages)), None)
    if resnet is None:
        raise ValueError('Expected argument `network` to have a ResNet, as with backbone="resnet101".')
    state_dict = _load(path)
    own = {_torchvision_name(key): (key, value) for key, value in resnet.state_dict().items()}
    missing = [name for name in own if name not in state_dict and not name.endswith(_COUNT)]
    if missing:
        raise InputError(f"{path} does not fit the network's ResNet: it lacks {join_names(missing)}.")
    weights = {}
    for name, (key, value) in own.items():
        loaded = state_dict.get(name, value)
        if name == "conv1.weight":
            loaded = _for_channels(loaded, value.shape[1])
        if loaded.shape != value.shape:
            raise InputError(
                f"{path} does not fit the network's ResNet: {name} has shape {tuple(loaded.shape)} instead of "
                f"{tuple(value.shape)}."
            )
        weights[key] = loaded
    resnet.load_state_dict(weights)
    return network


def _for_channels(weight: torch.Tensor, count: int) -> torch.Tensor:
    """The first convolution for another number of channels than red, green and blue."""
    if count == 3 or weight.dim() < 2:
        return weight
    return weight.mean(dim=1, keepdim=True).expand(-1, count, *weight.shape[2:]) * (weight.shape[1] / count)


def _load(path: PathLike) -> Mapping[str, torch.Tensor]:
    if not os.path.exists(path):
        raise InputError(f"Expected a file of ImageNet weights, but {path} does not exist.")
    state_dict: Any = load_weights(path, "path")
    if not isinstance(state_dict, Mapping):
        raise InputError(f"Expected a state dict in {path}, but it holds a {type(state_dict).__name__}.")
    return state_dict


def _torchvision_name(key: str) -> str:
    """The name in torchvision of a parameter of ``ResNetStages``."""
    part, index, rest = key.split(".", 2)
    return f"{('conv1', 'bn1')[int(index)]}.{rest}" if part == "stem" else f"layer{int(index) + 1}.{rest}"
