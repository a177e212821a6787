# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Measurements of a mask that show whether it should be looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import ndimage, sparse

from .foreground import find_box

__all__ = ["mask_facts", "mask_flags"]

_LARGE_SHARE, _LARGE_ML = 0.05, 1.0
_FACES = (("left", "right"), ("back", "front"), ("feet", "head"))
_CHUNK_VOXELS = 2**24  # labelled at once: labels take four bytes, and their count eight
_UNCERTAIN_LOGIT = math.log(0.6 / 0.4)


def mask_facts(
    mask: np.ndarray, spacing: tuple[float, float, float], presence: np.ndarray | None = None
) -> dict[str, object]:
    """
    Measure properties of a mask that show errors.

    Args:
        mask: of one organ, ``(H, W, D)``, axes towards the patient's right, front and head.
        spacing: size of a voxel in mm.
        presence: the classifier's margin for each slice, ``(D,)``, or None.

    Returns:
        ``volume_ml``; ``components``, the number of connected parts that have a millilitre and 5 % of the volume;
        ``borders``, the faces of the image that the mask touches, such as "head"; ``uncertain_slices``, in which the
        classifier gives the organ a probability between 0.4 and 0.6, None without a classifier.
    """
    mask = np.asarray(mask, dtype=bool)
    voxel_ml = math.prod(spacing) / 1000
    box = find_box(mask)
    organ = mask[box]
    volume = float(organ.sum() * voxel_ml)
    borders = [
        name
        for within, size, names in zip(box, mask.shape, _FACES)
        for name, touches in zip(names, (within.start == 0, within.stop == size))
        if touches and organ.size
    ]
    sizes = _component_sizes(organ) * voxel_ml
    components = int((sizes >= max(_LARGE_ML, _LARGE_SHARE * volume)).sum())
    uncertain = None if presence is None else int((np.abs(presence) < _UNCERTAIN_LOGIT).sum())
    return {"volume_ml": round(volume, 2), "components": components, "borders": borders, "uncertain_slices": uncertain}


def _component_sizes(mask: np.ndarray) -> np.ndarray:
    """
    The number of voxels of each part that is connected by faces of voxels, in no order.

    A few planes are labelled at a time, and parts that meet at the border of two chunks are joined.
    """
    planes = np.moveaxis(mask, int(np.argmax(np.abs(mask.strides))), 0)
    step = max(_CHUNK_VOXELS // max(planes[:1].size, 1), 1)
    sizes: list[np.ndarray] = [np.zeros(0, int)]
    pairs: list[np.ndarray] = [np.zeros((2, 0), int)]
    last, count = None, 0
    for start in range(0, len(planes), step):
        labels, parts = ndimage.label(planes[start : start + step])
        sizes.append(np.bincount(labels.ravel(), minlength=parts + 1)[1:])
        if last is not None:
            met = (last > 0) & (labels[0] > 0)
            pairs.append(np.stack([last[met] - 1, labels[0][met] + (count - 1)]))
        last = labels[-1] + count * (labels[-1] > 0)
        count += parts
    one, other = np.concatenate(pairs, axis=1)
    graph = sparse.coo_matrix((np.ones(len(one)), (one, other)), shape=(count, count))
    joined = sparse.csgraph.connected_components(graph, directed=False)[1] if count else np.zeros(0, int)
    return np.bincount(joined, weights=np.concatenate(sizes))


def mask_flags(organ: str, facts: dict, volume_range: Sequence[float] | None = None) -> list[str]:
    """
    List the reasons to look at a mask, in words.

    Args:
        organ: its name.
        facts: of :py:func:`mask_facts`.
        volume_range: the least and the largest volume in ml that raises no flag, or None.
    """
    flags = []
    volume = facts["volume_ml"]
    if volume == 0:
        flags.append(f"no {organ} found")
    elif volume_range is not None and not volume_range[0] <= volume <= volume_range[1]:
        flags.append(f"{volume:.0f} ml, outside {volume_range[0]:g} to {volume_range[1]:g} ml")
    if facts["borders"]:
        flags.append(f"touches the image's border ({', '.join(facts['borders'])})")
    if facts["components"] > 1:
        flags.append(f"{facts['components']} large parts")
    if facts["uncertain_slices"]:
        number = facts["uncertain_slices"]
        flags.append(f"presence uncertain in {number} {'slice' if number == 1 else 'slices'}")
    return flags
