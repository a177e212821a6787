# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Slabs that the tests of the synthesis transforms paint into."""

from __future__ import annotations

import numpy as np
import torch

AIR, FAT, LUNG, LIVER, SPLEEN, HEART = -200.0, -100.0, -195.0, 60.0, 40.0, 45.0
SHAPE = (3, 160, 120)  # the first axis from left to right, the second from back to front


def ellipse(centre: tuple[float, float], semi_axes: tuple[float, float]) -> np.ndarray:
    i, j = np.ogrid[: SHAPE[1], : SHAPE[2]]
    inside = ((i - centre[0]) / semi_axes[0]) ** 2 + ((j - centre[1]) / semi_axes[1]) ** 2 < 1
    return np.broadcast_to(inside, SHAPE)


def abdomen(seed: int = 0) -> dict[str, torch.Tensor]:
    """Liver, 1, on the right, spleen, 2, on the left, in a body of fat, with a little noise."""
    image, label = np.full(SHAPE, AIR, np.float32), np.zeros(SHAPE, np.uint8)
    image[ellipse((80, 60), (74, 54))] = FAT
    for value, intensity, centre, axes in ((1, LIVER, (115, 65), (28, 32)), (2, SPLEEN, (35, 45), (14, 22))):
        organ = ellipse(centre, axes)
        image[organ], label[organ] = intensity, value
    image += np.random.RandomState(seed).normal(0, 5, SHAPE).astype(np.float32)
    return {"image": torch.from_numpy(image), "label": torch.from_numpy(label)}


def chest() -> dict[str, torch.Tensor]:
    """Two lungs and a heart, no organ, on a table that encloses air."""
    image = np.full(SHAPE, AIR, np.float32)
    image[:, 20:140, :1] = image[:, 20:21, :12] = image[:, 139:140, :12] = FAT  # the table
    image[ellipse((80, 65), (72, 46))] = FAT
    for centre in (45, 118):
        image[ellipse((centre, 65), (24, 34))] = LUNG
    image[ellipse((72, 78), (22, 22))] = HEART
    return {"image": torch.from_numpy(image), "label": torch.zeros(SHAPE, dtype=torch.uint8)}
