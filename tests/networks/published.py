# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

"""
The published UNet 3+ networks, stated once more as plain functions, for the package to be measured by.

Nothing here comes from the package, nor from the authors' code, which has no licence: it is written from the paper and
from facts about the release: its parameter names and shapes, ``align_corners=False``, batch norm after every
convolution but the output ones. Levels are numbered from 1, the finest, as the published names do. The number type is
that of the weights, so that a reference in double precision costs nothing but time.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

VARIANTS = ("UNet_3Plus", "UNet_3Plus_DeepSup", "UNet_3Plus_DeepSup_CGM")
FULL_WIDTHS = (64, 128, 256, 512, 1024)
NARROW_WIDTHS = (4, 6, 8, 10, 12)  # all different, so that no two levels can be mistaken for each other
LEVELS = (1, 2, 3, 4, 5)

State = dict[str, torch.Tensor]


class PublishedOutputs(NamedTuple):
    logits: list[torch.Tensor]  # finest first, at full size, before the sigmoid
    presence: torch.Tensor | None  # (B, 2): organ absent, organ present


def branch_name(source: int, target: int) -> str:
    """The published name of the branch that brings the map of one level to the node of another."""
    if source < target:
        return f"h{source}_PT_hd{target}"
    return f"h{source}_Cat_hd{target}" if source == target else f"hd{source}_UT_hd{target}"


def published_shapes(
    variant: str, widths: tuple[int, ...] = FULL_WIDTHS, in_channels: int = 3, classes: int = 1
) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all parameters and buffers of one of the three networks."""
    width = dict(zip(LEVELS, widths))
    node_width = widths[0] * len(LEVELS)
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(name: str, outputs: int, inputs: int, kernel: int = 3) -> None:
        shapes.update({f"{name}.weight": (outputs, inputs, kernel, kernel), f"{name}.bias": (outputs,)})

    def normalization(name: str, channels: int) -> None:
        shapes.update({f"{name}.{entry}": (channels,) for entry in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    for level in LEVELS:
        for block, inputs in (("conv1", width.get(level - 1, in_channels)), ("conv2", width[level])):
            convolution(f"conv{level}.{block}.0", width[level], inputs)
            normalization(f"conv{level}.{block}.1", width[level])
    for target in (4, 3, 2, 1):
        for source in LEVELS:
            inputs = node_width if target < source < 5 else width[source]
            convolution(f"{branch_name(source, target)}_conv", widths[0], inputs)
            normalization(f"{branch_name(source, target)}_bn", widths[0])
        convolution(f"conv{target}d_1", node_width, node_width)
        normalization(f"bn{target}d_1", node_width)
    for level in LEVELS if "DeepSup" in variant else LEVELS[:1]:
        convolution(f"outconv{level}", classes, width[5] if level == 5 else node_width)
    if "CGM" in variant:
        convolution("cls.1", 2, width[5], kernel=1)
    return shapes


def require_gradients(state: State) -> None:
    """Let the weights and biases, not the statistics, have gradients."""
    for name, tensor in state.items():
        tensor.requires_grad_(name.endswith(("weight", "bias")))


def random_state(shapes: dict[str, tuple[int, ...]], seed: int = 0, dtype: torch.dtype = torch.float32) -> State:
    """Weights as a trained network might have them: no statistic is trivial, and activations stay of the order of 1."""
    generator = torch.Generator().manual_seed(seed)
    state: State = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(1000 + len(state))
            continue
        noise = torch.randn(shape, generator=generator, dtype=torch.float32).to(dtype)
        if len(shape) == 4:
            state[name] = noise * math.sqrt(2.0 / math.prod(shape[1:]))
        elif name.endswith("running_var"):
            state[name] = torch.exp(0.3 * noise)
        elif name.endswith(".weight"):
            state[name] = 1.0 + 0.2 * noise
        else:
            state[name] = 0.2 * noise
    return state


def published_encoder(state: State, image: torch.Tensor) -> dict[int, torch.Tensor]:
    """Two convolutions per level, 2x2 max pooling between the levels."""
    maps: dict[int, torch.Tensor] = {}
    x = image
    for level in LEVELS:
        x = F.max_pool2d(x, 2) if level > 1 else x
        for block in ("conv1", "conv2"):
            x = _conv_bn_relu(state, f"conv{level}.{block}.0", f"conv{level}.{block}.1", x)
        maps[level] = x
    return maps


def published_node(
    state: State, encoded: dict[int, torch.Tensor], decoded: dict[int, torch.Tensor], target: int
) -> torch.Tensor:
    """One decoder node: a branch from every scale, concatenated finest level first, and fused."""
    branches = []
    for source in LEVELS:
        if source < target:
            x = F.max_pool2d(encoded[source], 2 ** (target - source))
        elif source == target:
            x = encoded[source]
        else:
            x = _upsample(decoded[source], source - target)
        name = branch_name(source, target)
        branches.append(_conv_bn_relu(state, f"{name}_conv", f"{name}_bn", x))
    return _conv_bn_relu(state, f"conv{target}d_1", f"bn{target}d_1", torch.cat(branches, dim=1))


def published_forward(state: State, image: torch.Tensor) -> PublishedOutputs:
    """
    Run the network that the names in ``state`` make up, in evaluation mode.

    The gate of the published classification-guided module is left out: it multiplies logits, which is its known fault.
    """
    encoded = published_encoder(state, image)
    decoded = {5: encoded[5]}
    for target in (4, 3, 2, 1):
        decoded[target] = published_node(state, encoded, decoded, target)
    logits = []
    for level in LEVELS:
        if f"outconv{level}.weight" in state:
            weight, bias = state[f"outconv{level}.weight"], state[f"outconv{level}.bias"]
            logits.append(_upsample(F.conv2d(decoded[level], weight, bias, padding=1), level - 1))
    presence = None
    if "cls.1.weight" in state:
        evidence = F.conv2d(encoded[5], state["cls.1.weight"], state["cls.1.bias"])
        presence = F.adaptive_max_pool2d(evidence, 1).flatten(1)
    return PublishedOutputs(logits, presence)


def _upsample(x: torch.Tensor, octaves: int) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2**octaves, mode="bilinear", align_corners=False) if octaves else x


def _conv_bn_relu(state: State, conv: str, norm: str, x: torch.Tensor) -> torch.Tensor:
    x = F.conv2d(x, state[f"{conv}.weight"], state[f"{conv}.bias"], padding=1)
    mean, var = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
    x = F.batch_norm(x, mean, var, state[f"{norm}.weight"], state[f"{norm}.bias"], training=False, eps=1e-5)
    return F.relu(x)
