# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Label maps and organ masks: selection of organs, split into masks, label map of logits."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.config.type_definitions import NdarrayOrTensor
from monai.data import MetaTensor
from monai.data.meta_obj import get_track_meta
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_dst_type, convert_to_tensor, ensure_tuple

from ..utils.errors import InputError
from ..utils.labels import IGNORED
from .checks import get_filename

__all__ = ["LabelMapToMasks", "LabelMapToMasksd", "SelectOrgans", "SelectOrgansd", "logits_to_label_map"]

logger = logging.getLogger(__name__)


def logits_to_label_map(logits: torch.Tensor) -> torch.Tensor:
    """
    The label map of sigmoid outputs: the organ at position k becomes value k + 1.

    A voxel belongs to the most probable organ, if that has a probability above 0.5, else to the background.

    Args:
        logits: shape ``(B, organs, H, W[, D])``.

    Returns:
        label map of shape ``(B, 1, H, W[, D])``, uint8.
    """
    largest = logits[:, :1]
    organ = torch.ones_like(largest, dtype=torch.uint8)
    for position in range(1, logits.shape[1]):  # in bytes, which is faster than `max` and its places
        other = logits[:, position : position + 1]
        organ.masked_fill_(other > largest, position + 1)
        largest = torch.maximum(largest, other)
    return organ.mul_(largest > 0)


_ROUNDING = 1e-3  # of whole numbers, by a scale factor in a header or a conversion to floats


class SelectOrgans(Transform):
    """
    Turn a file's label values into this network's: value k + 1 for the organ at position k, 0 for all else.

    Values that no organ names are background, with a warning at the first file that has them: a tumour left out of its
    organ would teach the network to cut it out.

    Args:
        organs: maps each organ's name to the label value or values that make it up,
            for instance ``{"liver": [1, 2], "spleen": 3}`` where 2 is a liver's tumour.

    Raises:
        ValueError: When there is no organ, more than 255, or a value belongs to two organs or is the background's 0.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, organs: Mapping[str, int | Sequence[int]]) -> None:
        if not 1 <= len(organs) <= 255:
            raise ValueError(f"Expected argument `organs` to name 1 to 255 organs, but got {len(organs)}.")
        self.names = list(organs)
        self.values = self._find_positions(organs)
        self.warned: set[int] = set()

    def __call__(
        self, img: NdarrayOrTensor, own_organs: Mapping[str, int | Sequence[int]] | None = None
    ) -> torch.Tensor:
        """
        Args:
            img: label map of any shape.
            own_organs: label values of some of the organs that this file alone has. Defaults to None, those of the
                class.

        Returns:
            label map of the same shape, uint8.

        Raises:
            InputError: When a label is off a whole number by more than 0.001, as from a scale factor in the header.
        """
        positions = self.values if own_organs is None else self._find_positions(own_organs)
        label = convert_to_tensor(img, track_meta=get_track_meta())
        # slice by slice: of a whole volume it takes several times the volume's memory
        slices = (label.as_tensor() if isinstance(label, MetaTensor) else label).unbind(-1)
        found = torch.unique(torch.cat([torch.unique(part) for part in slices]))
        odd = found[~((found - found.round()).abs() <= _ROUNDING)]
        if len(odd):
            raise InputError(f"{get_filename(label)}: expected whole numbers as labels, but found {odd[:5].tolist()}.")
        self._warn_of_unnamed({round(float(value)) for value in found} - set(positions) - {0}, label)
        selected = torch.zeros(label.shape, dtype=torch.uint8, device=label.device)
        for part, target in zip(slices, selected.unbind(-1)):
            rounded = part.round()
            for value, position in positions.items():
                target[rounded == value] = position
        return convert_to_dst_type(selected, dst=label, dtype=torch.uint8)[0]

    def _warn_of_unnamed(self, values: set[int], label: Any) -> None:
        if values <= self.warned:
            return
        self.warned |= values
        logger.warning(
            "%s: label values %s belong to none of the organs %s and count as background, here and in other files",
            get_filename(label),
            sorted(values),
            self.names,
        )

    def _find_positions(self, organs: Mapping[str, int | Sequence[int]]) -> dict[int, int]:
        """The position of the organ, counted from 1, that a label value stands for."""
        positions: dict[int, int] = {}
        for name, values in organs.items():
            for value in ensure_tuple(values):
                if value == 0:
                    raise ValueError(f"Expected organ {name!r} to have label values other than the background's 0.")
                if value in positions:
                    raise ValueError(f"Label value {value} is given to two organs in {dict(organs)}.")
                positions[int(value)] = self.names.index(name) + 1
        return positions


class SelectOrgansd(MapTransform):
    """
    Dictionary-based wrapper of :py:class:`SelectOrgans`. A case may bring label values of its own, for data sets that
    give one organ different ones.

    Args:
        keys: keys of the label maps.
        organs: maps each organ's name to the label value or values that make it up.
        values_key: key of such a mapping for some of the organs, in cases that have one; it is removed. Defaults to
            None, none has.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = SelectOrgans.backend

    def __init__(
        self,
        keys: KeysCollection,
        organs: Mapping[str, int | Sequence[int]],
        values_key: Hashable | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.select = SelectOrgans(organs)
        self.values_key = values_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        own = d.pop(self.values_key, None)
        for key in self.key_iterator(d):
            d[key] = self.select(d[key], own)
        return d


class LabelMapToMasks(Transform):
    """
    Split a label map into one mask per organ, as losses and metrics of sigmoid outputs take them.

    Args:
        num_organs: number of masks.
    """

    backend = [TransformBackends.TORCH]

    def __init__(self, num_organs: int) -> None:
        self.num_organs = num_organs

    def __call__(self, img: NdarrayOrTensor, annotated: Sequence[bool] | torch.Tensor | None = None) -> torch.Tensor:
        """
        Args:
            img: label map of shape ``(1, H, W[, D])`` with values 0 to ``num_organs``.
            annotated: booleans, ``(num_organs,)``, that say which organs the label map annotates. The masks of the
                other organs are filled with 255. Defaults to None, all.

        Returns:
            masks of shape ``(num_organs, H, W[, D])``, uint8.
        """
        label = convert_to_tensor(img, track_meta=get_track_meta())
        masks = torch.cat([label == organ for organ in range(1, self.num_organs + 1)]).to(torch.uint8)
        if annotated is not None:
            masks[~torch.as_tensor(annotated, dtype=torch.bool)] = IGNORED
        return masks


class LabelMapToMasksd(MapTransform):
    """
    Dictionary-based wrapper of :py:class:`LabelMapToMasks`.

    Args:
        keys: keys of the label maps.
        num_organs: number of masks.
        annotated_key: key of the booleans that say which organs the label maps annotate; a case without that key
            annotates all. Defaults to None: all do.
        allow_missing_keys: don't raise if a key is missing. Defaults to False.
    """

    backend = LabelMapToMasks.backend

    def __init__(
        self, keys: KeysCollection, num_organs: int, annotated_key: str | None = None, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.split = LabelMapToMasks(num_organs)
        self.annotated_key = annotated_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        d = dict(data)
        for key in self.key_iterator(d):
            d[key] = self.split(d[key], d.get(self.annotated_key))
        return d
