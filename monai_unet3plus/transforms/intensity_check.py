# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A check that intensities are Hounsfield units."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends

from ..data.case_keys import INTENSITY_RANGE
from ..utils.case_remarks import add_remark
from ..utils.errors import InputError
from .checks import get_filename

__all__ = ["CheckIntensity", "CheckIntensityd"]

logger = logging.getLogger(__name__)

# In Hounsfield units
_PADDING = -1500  # and below: scanners fill the area outside their view with -2000 or -3024
_DARKEST = -50  # fat is -100, air -1000; some of them is in every CT
_SOFT_TISSUE = (-150, 250)  # fat to liver with contrast medium
_LEAST_SOFT_TISSUE = 0.02
_VOXELS = 2_000_000  # enough for percentiles


class CheckIntensity(Transform):
    """
    Refuse, or warn of, an image whose values are hardly Hounsfield units. To be used before it is windowed.

    A CT has air near -1000 or fat near -100, and soft tissue from 0 to 100. So of the voxels that are no padding, at
    least 0.5 % have to be below -50, and 2 % from -150 to 250. MR, values that were scaled to 0..1 or 0..255, and those
    of which 1024 is yet to be subtracted do not pass; another part of the body does.

    Args:
        mode: ``"error"``, ``"warn"`` or ``"off"``. Defaults to "warn".

    Raises:
        ValueError: When ``mode`` is none of these.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, mode: str = "warn") -> None:
        if mode not in ("error", "warn", "off"):
            raise ValueError(f'Expected argument `mode` to be "error", "warn" or "off", but got {mode!r}.')
        self.mode = mode

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """Check as :py:meth:`find_oddity` does, and log the warning."""
        warning = self.find_oddity(img)
        if warning:
            logger.warning("%s", warning)
        return img

    def find_oddity(self, img: torch.Tensor) -> str:
        """
        Args:
            img: image of any shape.

        Returns:
            a warning, empty if the image passes.

        Raises:
            InputError: When the image does not pass and ``mode`` is "error".
        """
        found = "" if self.mode == "off" else _find_oddity(img)
        if not found:
            return ""
        sentence = (
            f"{get_filename(img)}: expected Hounsfield units, where air is -1000 and soft tissue 0 to 100, but {found}."
        )
        if self.mode == "error":
            raise InputError(
                f"{sentence} If it is a CT all the same, give --set intensity_check=warn, or --intensity_check "
                "warn to monai.bundle."
            )
        return f"{sentence} If the values are no Hounsfield units, the mask is wrong."


class CheckIntensityd(MapTransform):
    """
    Dictionary-based wrapper of :py:class:`CheckIntensity`.

    Args:
        keys: keys of the images.
        mode: ``"error"``, ``"warn"`` or ``"off"``. Defaults to "warn".
        range_key: key of the range of HU that a case's file keeps, if it keeps less than all; such a case passes.
            Defaults to "intensity_range".
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = CheckIntensity.backend

    def __init__(
        self,
        keys: KeysCollection,
        mode: str = "warn",
        range_key: str = INTENSITY_RANGE,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.check = CheckIntensity(mode)
        self.range_key = range_key

    def __call__(self, data: Mapping[Hashable, torch.Tensor]) -> dict[Hashable, torch.Tensor]:
        """
        Raises:
            InputError: When an image does not pass and ``mode`` is "error".
        """
        d = dict(data)
        if d.get(self.range_key) is not None:
            return d
        for key in self.key_iterator(d):
            warning = self.check.find_oddity(d[key])
            if warning:
                add_remark(d, logger, warning)
        return d


def _find_oddity(img: torch.Tensor) -> str:
    values = torch.as_tensor(img).reshape(-1)
    sample = values[:: len(values) // _VOXELS + 1].cpu().numpy().astype(np.float64)
    sample = sample[sample > _PADDING]
    if not len(sample):
        return f"all values are below {_PADDING}"
    low, middle, high = np.percentile(sample, (0.5, 50, 99.5))
    if low > _DARKEST:
        hint = ""
        if np.mean((sample > 1024 + _SOFT_TISSUE[0]) & (sample < 1024 + _SOFT_TISSUE[1])) > _LEAST_SOFT_TISSUE:
            hint = "; is 1024 to be subtracted?"
        return f"values are from {low:g} to {high:g}, with a median of {middle:g}{hint}"
    share = np.mean((sample >= _SOFT_TISSUE[0]) & (sample <= _SOFT_TISSUE[1]))
    if share < _LEAST_SOFT_TISSUE:
        return f"only {share:.1%} of the values are from {_SOFT_TISSUE[0]} to {_SOFT_TISSUE[1]}"
    return ""
