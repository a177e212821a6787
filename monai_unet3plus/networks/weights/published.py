# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights in the format of the authors' release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from ...utils.errors import join_names
from ..nets import UNet3Plus

_NORM_ENTRIES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def load_published_weights(network: UNet3Plus, state_dict: Mapping[str, torch.Tensor]) -> UNet3Plus:
    """
    Load weights saved with the parameter names of the authors' own release.

    Its three networks correspond to ``UNet3Plus(features=(64, 128, 256, 512, 1024))``, the same with
    ``deep_supervision=True``, and with ``classification_guided=True`` besides.

    Args:
        network: a 2D network with five levels, batch norm and biases, the way the published one is built.
        state_dict: the published state dict.

    Returns:
        ``network``, with the weights in place.

    Raises:
        ValueError: When ``network`` is built in a way that the published names can't describe, or when keys are
            missing, unexpected, or of another shape. The message names them; the network is left unchanged.
    """
    own = network.state_dict()
    names = dict(_published_names(network))
    undescribed = sorted(set(own) - set(names))
    if undescribed:
        raise ValueError(
            "Expected argument `network` to be built like the published one (five levels, batch norm, biases), but "
            f"the published names do not describe {join_names(undescribed)}."
        )
    faults = []
    missing = [names[key] for key in own if names[key] not in state_dict]
    if missing:
        faults.append(f"missing keys {join_names(missing)}")
    unexpected = sorted(set(state_dict) - {names[key] for key in own})
    if unexpected:
        faults.append(f"unexpected keys {join_names(unexpected)}")
    for key, value in own.items():
        published = state_dict.get(names[key])
        if published is not None and published.shape != value.shape:
            faults.append(f"{names[key]} has shape {tuple(published.shape)} instead of {tuple(value.shape)}")
    if faults:
        raise ValueError(f"The state dict does not fit the network: {'; '.join(faults)}.")
    network.load_state_dict({key: state_dict[names[key]] for key in own})
    return network


def _published_names(network: UNet3Plus) -> Iterator[tuple[str, str]]:
    """Pairs of our parameter name and the published one; levels are numbered from 1 there, the finest."""
    depth = len(network.nodes) + 1
    for level in range(1, depth + 1):
        for conv in (0, 1):
            own, published = f"encoder.levels.{level - 1}.1.conv_{conv}", f"conv{level}.conv{conv + 1}"
            yield from _convolution(own, f"{published}.0", f"{published}.1")
    for index in range(depth - 1):
        target = depth - 1 - index
        for source in range(1, depth + 1):
            kind = "PT" if source < target else "Cat" if source == target else "UT"
            origin = f"hd{source}" if source > target else f"h{source}"
            published = f"{origin}_{kind}_hd{target}"
            yield from _convolution(f"nodes.{index}.branches.{source - 1}", f"{published}_conv", f"{published}_bn")
        yield from _convolution(f"nodes.{index}.fusion", f"conv{target}d_1", f"bn{target}d_1")
    for level in range(1, depth + 1):
        for entry in ("weight", "bias"):
            yield f"heads.{level - 1}.conv.{entry}", f"outconv{level}.{entry}"
    for entry in ("weight", "bias"):
        yield f"presence_head.conv.{entry}", f"cls.1.{entry}"


def _convolution(own: str, published_conv: str, published_norm: str) -> Iterator[tuple[str, str]]:
    for entry in ("weight", "bias"):
        yield f"{own}.conv.{entry}", f"{published_conv}.{entry}"
    for entry in _NORM_ENTRIES:
        yield f"{own}.adn.N.{entry}", f"{published_norm}.{entry}"
