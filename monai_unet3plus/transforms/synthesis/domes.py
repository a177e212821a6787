# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Domes of liver and spleen that rise into the lungs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from skimage.morphology import convex_hull_image

from .base import RandSynthesis, RandSynthesisd
from .fields import AIR, check_range, find_body, find_windows, grain, smooth_field, soften

__all__ = ["RandLungDomes", "RandLungDomesd"]

_STOMACH = (-10.0, 200.0)  # HU, from water to contrast medium
_LEAST_LUNG = 1200  # pixels, of about 2 mm; smaller air is bowel


class RandLungDomes(RandSynthesis):
    """
    Let the domes of liver and spleen rise into the lungs of slices that show these.

    Near the diaphragm a CT shows an organ as an island in the lung, the liver beside the heart. Data sets of slabs have
    hardly any such slice. This makes them of slices of the chest: a smooth blob in the right lung becomes liver, which
    often reaches across the middle, its left lobe where the heart was; one in the back of the left lung spleen. A
    dome on the left may also be no organ, like the stomach, beside the spleen or alone. Each is smaller in
    slices nearer the head, and has an edge as blurred as breathing leaves it.

    The first spatial axis runs from left to right, the second from back to front, channels from feet to head, as in RAS
    orientation.

    Args:
        organ_ranges: lowest and highest mean of each organ, in HU.
        right_organ: position of the organ in the right lung, the liver's; None for none. Defaults to 0.
        left_organ: position of the organ in the left lung, the spleen's; None for none. Defaults to 1.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(
        self,
        organ_ranges: Sequence[Sequence[float]],
        right_organ: int | None = 0,
        left_organ: int | None = 1,
        prob: float = 0.5,
    ) -> None:
        super().__init__(prob)
        self.organ_ranges = [check_range(r) for r in organ_ranges]
        self.right_organ = right_organ
        self.left_organ = left_organ

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        middle = len(image) // 2
        lungs = _lungs(image[middle])
        if not lungs:
            return image, label
        # the body's own middle, since the patient may lie off the picture's
        centre = float(np.median(np.nonzero(image[middle] > AIR)[0]))
        painted, painted_label = image.copy(), label.copy()
        for lung in lungs:
            if (label[middle][lung] > 0).any():
                continue
            if np.nonzero(lung)[0].mean() > centre:
                if self.right_organ is not None and self.R.random_sample() < 0.8:
                    room = lung | _front_between(lungs) if self.R.random_sample() < 0.5 else lung  # with the left lobe
                    self._raise_dome(painted, painted_label, lung, room, self.right_organ, (0.25, 0.9))
            elif self.left_organ is not None:
                if self.R.random_sample() < 0.5:
                    self._raise_dome(painted, painted_label, lung, lung, self.left_organ, (0.0, 0.45))
                if self.R.random_sample() < 0.4:
                    self._raise_dome(painted, painted_label, lung, lung, None, (0.2, 1.0))  # the stomach
        return painted, painted_label

    def _raise_dome(
        self,
        image: np.ndarray,
        label: np.ndarray,
        lung: np.ndarray,
        room: np.ndarray,
        organ: int | None,
        depth: tuple[float, float],
    ) -> None:
        """
        Paint a dome into a part of ``room``. Its centre is in ``lung``; ``depth`` is the range of its distance from the
        lung's back, as a quantile of the lung's pixels.
        """
        # with a margin as wide as the closing and the blur reach
        _, rows, columns = find_windows(room[None].view(np.uint8), 8)[1]
        image, label, lung, room = (array[..., rows, columns] for array in (image, label, lung, room))
        i, j = np.nonzero(lung)
        front = np.quantile(j, self.R.uniform(*depth))
        near = np.abs(j - front) <= 2
        centre = (self.R.choice(i[near]), front)
        extent = [np.ptp(places) + 1 for places in np.nonzero(room)]
        semi_axes = [max(e * self.R.uniform(0.15, 0.65), 3) for e in extent]
        i, j = np.ogrid[: image.shape[1], : image.shape[2]]
        distance = np.hypot((i - centre[0]) / semi_axes[0], (j - centre[1]) / semi_axes[1])
        distance = distance + 0.12 * smooth_field(self.R, image.shape[1:], 20.0)
        slope = self.R.uniform(0.02, 0.3)
        sizes = [max(1 + slope * (len(image) // 2 - c), 0) for c in range(len(image))]  # smaller towards the head
        closed = ndimage.binary_closing(room, iterations=2)
        masks = np.stack([(distance < size) & closed for size in sizes]) & (label == 0)
        low, high = self.organ_ranges[organ] if organ is not None else _STOMACH
        tissue = self.R.uniform(low, high) + grain(self.R, image.shape, self.R.uniform(5, 22))
        weight = soften(masks, self.R.uniform(0.6, 2.0))
        image += weight * (tissue - image)
        if organ is not None:
            label[masks] = organ + 1


class RandLungDomesd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandLungDomes`: ``keys``, ``label_key`` and its arguments."""

    array = RandLungDomes


def _lungs(plane: np.ndarray) -> list[np.ndarray]:
    """Air that the body encloses, in pieces of a lung's size. The table is no body, and bowel is smaller."""
    pieces, count = ndimage.label(find_body(plane) & (plane < AIR))
    sizes = np.bincount(pieces.ravel())
    return [pieces == k for k in range(1, count + 1) if sizes[k] >= _LEAST_LUNG]


def _front_between(lungs: list[np.ndarray]) -> np.ndarray:
    """The area between the lungs and in front of their middle, mostly the heart; empty where there are not two."""
    everywhere = np.any(lungs, axis=0)
    if len(lungs) < 2:
        return np.zeros_like(everywhere)
    hull = convex_hull_image(everywhere)
    hull[:, : int(np.nonzero(everywhere)[1].mean())] = False
    return hull & ~everywhere
