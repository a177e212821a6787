# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Paint streaks of noise into slabs, as the arms beside a body cause them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import fft, ndimage

from .base import RandSynthesis, RandSynthesisd
from .fields import check_range, white_noise

__all__ = ["RandStreaks", "RandStreaksd"]


class RandStreaks(RandSynthesis):
    """
    Add noise that runs in streaks from the patient's left to right, as few photons leave it between arms or shoulders.

    The first spatial axis runs from left to right, as in RAS orientation.

    Args:
        std: range of the noise's standard deviation, in HU. Defaults to ``(10, 60)``.
        length: range of the streaks' length, as the standard deviation of a blur, in pixels. Defaults to ``(4, 40)``.
        prob: probability that a slab is changed. Defaults to 0.5.
    """

    def __init__(
        self, std: Sequence[float] = (10.0, 60.0), length: Sequence[float] = (4.0, 40.0), prob: float = 0.5
    ) -> None:
        super().__init__(prob)
        self.std = check_range(std)
        self.length = check_range(length)

    def paint(self, image: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sigmas = (0, self.R.uniform(*self.length), self.R.uniform(0.4, 1.0))
        # in Fourier space a blur takes as long whatever its length
        spectrum = ndimage.fourier_gaussian(fft.rfft2(white_noise(self.R, image.shape)), sigmas, image.shape[2])
        noise = fft.irfft2(spectrum, image.shape[1:])
        noise *= self.R.uniform(*self.std) / max(float(noise.std()), 1e-6)
        # the streaks lie where a line from arm to arm runs: in a band from front to back
        depth = image.shape[2]
        offset = (np.arange(depth) - self.R.uniform(0.3, 0.7) * depth) / (self.R.uniform(0.15, 0.6) * depth)
        return image + noise * np.exp(-0.5 * offset.astype(np.float32) ** 2), label


class RandStreaksd(RandSynthesisd):
    """Dictionary-based wrapper of :py:class:`RandStreaks`: ``keys``, ``label_key`` and its arguments."""

    array = RandStreaks
