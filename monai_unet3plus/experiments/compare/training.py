# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""One training of a comparison, and the scores of its network."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F

from ...networks import has_native_bfloat16
from ...networks.blocks import is_present
from .cost import build
from .settings import Settings
from .slabs import adjacent_slices, draw_batches, pad
from .volumes import Volume

__all__ = ["Training", "train"]

_CURVE_POINTS = 40
_WARM_UP = 0.1  # share of the steps
_CLIP = 1.0  # of the gradient's norm
_SLICES = 32  # that are segmented at a time


@dataclass(frozen=True)
class Training:
    """
    A training: a system, a learning rate and a seed.

    Args:
        system: name of its config.
        learning_rate: its highest.
        seed: of the weights, and of all that is drawn.
    """

    system: str
    learning_rate: float
    seed: int


def train(
    training: Training, settings: Settings, volumes: Mapping[str, Volume], bundle: Path, device: str
) -> dict[str, Any]:
    """
    Train a network, and segment the scans that choose the learning rate and those that are tested on.

    Args:
        volumes: all scans.
        bundle: folder of the bundle, whose configs name the network and the loss.
        device: "cpu", or a GPU. bfloat16 is used there, and on processors that have instructions for it.

    Returns:
        a record that JSON can hold: the training, "curve" with the steps and the Dice of the slabs since the point
        before, "validation_cases" and "cases" with the scores of each scan of the validation and the test patients,
        and for a network with the classification-guided module "ungated_cases", those of its masks without the gate.
    """
    start = time.monotonic()
    trained, held_out, tested = settings.splits
    torch.manual_seed(training.seed)
    overrides = {"features": settings.features, "organs": {settings.organ: settings.label_values}}
    system = build(bundle, training.system, overrides)
    place = torch.device(device)
    network, loss = system.network.to(place).train(), system.loss.to(place)
    if place.type == "cuda":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = draw_batches([volumes[name] for name in trained], settings, training.seed, place)
    curve = _fit(network, loss, batches, training.learning_rate, settings.steps, place)
    validation, scores = (
        _segment(network, settings, {n: volumes[n] for n in names}, place) for names in (held_out, tested)
    )
    record = {**asdict(training), "curve": curve, "validation_cases": validation["cases"], **scores}
    return {**record, "device": _name(place), "seconds": round(time.monotonic() - start, 1)}


def _fit(
    network: nn.Module, loss: nn.Module, batches: Any, learning_rate: float, steps: int, device: torch.device
) -> list[list[float]]:
    """Adam; the learning rate rises linearly, then falls to 0 as the bundle's does."""
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=device.type == "cuda")
    warm = max(1, round(_WARM_UP * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (1 - step / steps) ** 0.9)
    )
    interval = max(1, steps // _CURVE_POINTS)
    counts = torch.zeros(2, device=device)  # twice the overlap, and the sum, of prediction and mask
    points: list[tuple[int, torch.Tensor]] = []
    for step, (image, mask) in enumerate(batches, start=1):
        with _autocast(device):
            output = network(_arranged(image))
        output = _precise(output)
        value = loss(output, mask)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _CLIP, foreach=True)
        optimizer.step()
        schedule.step()
        while isinstance(output, (tuple, list)):
            output = output[0]  # the finest
        predicted = output.detach() > 0
        counts += torch.stack([2 * (predicted * mask).sum(), predicted.sum() + mask.sum()])
        if step % interval == 0 or step == steps:
            points.append((step, counts))
            counts = torch.zeros_like(counts)
    return [[step, round(_ratio(*values.tolist()), 4)] for step, values in points]


@torch.inference_mode()
def _segment(
    network: nn.Module, settings: Settings, volumes: Mapping[str, Volume], device: torch.device
) -> dict[str, dict[str, Any]]:
    network.eval()
    guided = bool(getattr(network, "classification_guided", False))
    found: dict[str, dict[str, Any]] = {"cases": {}, **({"ungated_cases": {}} if guided else {})}
    for name, volume in volumes.items():
        image = pad(torch.from_numpy(volume.image), settings.size).to(device).float() / settings.levels
        reference = torch.from_numpy(volume.reference).to(device).bool()
        masks, present = [], []
        for slabs in adjacent_slices(len(image)).split(_SLICES):
            mask, here = _predict(network, _arranged(image[slabs.to(device)]), device)
            masks.append(_onto(mask, volume.image.shape[1:], reference.shape[1:]))
            present.append(here)
        mask = torch.cat(masks)
        if guided:
            found["ungated_cases"][name] = _scores(mask, reference)
            mask = mask & torch.cat(present)[:, None, None]
        found["cases"][name] = _scores(mask, reference)
    return found


def _predict(network: Any, image: torch.Tensor, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits before the gate, and the gate of each slice."""
    with _autocast(device):
        if not getattr(network, "classification_guided", False):
            return network(image)[:, 0].float(), torch.ones(len(image), dtype=torch.bool, device=device)
        maps = network.encode(image)
        present = is_present(network.presence_head(maps[-1]))[:, 0]
        return network.decode(maps)[:, 0].float(), present


def _onto(logits: torch.Tensor, size: Sequence[int], pixels: Sequence[int]) -> torch.Tensor:
    """The mask on the file's own pixels."""
    top, left = ((whole - part) // 2 for whole, part in zip(logits.shape[1:], size))
    logits = logits[:, top : top + size[0], left : left + size[1]]
    return F.interpolate(logits[:, None], size=list(pixels), mode="bilinear", align_corners=False)[:, 0] > 0


def _scores(mask: torch.Tensor, reference: torch.Tensor) -> dict[str, float | int]:
    overlap, total = (mask & reference).sum(), mask.sum() + reference.sum()
    predicted, organ = mask.any(dim=(1, 2)), reference.any(dim=(1, 2))
    counts = torch.stack([2 * overlap, total, (~organ).sum(), (predicted & ~organ).sum(), organ.sum()])
    missed = (organ & ~predicted).sum()
    twice, total_voxels, free, over, with_organ, absent = [int(value) for value in [*counts.tolist(), missed.item()]]
    return {
        "dice": round(_ratio(twice, total_voxels), 5),
        "organ_free_slices": free,
        "over_segmented_slices": over,
        "organ_slices": with_organ,
        "missed_slices": absent,
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole and math.isfinite(part / whole) else 0.0


def _precise(output: Any) -> Any:
    """Outputs in float32, whatever they lie in."""
    return output.float() if isinstance(output, torch.Tensor) else type(output)(_precise(part) for part in output)


def _arranged(image: torch.Tensor) -> torch.Tensor:
    return image.contiguous(memory_format=torch.channels_last) if image.is_cuda else image.contiguous()


def _autocast(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=_uses_bfloat16(device))


def _uses_bfloat16(device: torch.device) -> bool:
    return device.type == "cuda" or has_native_bfloat16(device)


def _name(device: torch.device) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "a processor"
    return f"{name} in {'bfloat16' if _uses_bfloat16(device) else 'float32'}"
