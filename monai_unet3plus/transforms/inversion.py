# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Inversion of a preprocessing that ran in another process."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from monai.data import MetaTensor
from monai.transforms import Compose, Invertd, MapTransform, TraceableTransform
from monai.utils import TraceKeys

__all__ = ["ProcessSafeInvertd"]


class ProcessSafeInvertd(Invertd):
    """
    :py:class:`monai.transforms.Invertd` for images that a worker of any start method has preprocessed.

    MONAI finds the transform that made an entry of ``applied_operations`` by ``id()``. A worker that was not forked
    has copies of the transforms, with other ids. Here the entries are matched by class and order instead, and get the
    ids of this process before they are inverted.

    Arguments are those of :py:class:`monai.transforms.Invertd`.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """
        Raises:
            RuntimeError: When the entries are those of other transforms.
        """
        d = dict(data)
        originals = {key: d[key] for key in self.orig_keys if isinstance(d.get(key), MetaTensor)}
        for key, image in originals.items():
            operations = _replace_ids(_traceable(self.transform, key), image.applied_operations)
            d[key] = MetaTensor(image.as_tensor(), meta=image.meta, applied_operations=operations)
        inverted = super().__call__(d)
        kept = {key: image for key, image in originals.items() if key not in self.keys}
        return {**inverted, **kept}


def _replace_ids(transforms: Iterator[TraceableTransform], operations: Sequence[Mapping]) -> list[dict]:
    """The operations with the ids of the transforms of their class, both looked through from the last to the first."""
    left = list(transforms)
    relabelled: list[dict] = []
    for operation in reversed(operations):
        name = operation.get(TraceKeys.CLASS_NAME)
        places = [place for place, candidate in enumerate(left) if type(candidate).__name__ == name]
        if places:
            relabelled.append({**operation, TraceKeys.ID: id(left[places[-1]])})
            del left[places[-1] :]
        else:
            relabelled.append(dict(operation))
    return relabelled[::-1]


def _traceable(transform: Any, key: Hashable) -> Iterator[TraceableTransform]:
    """The transforms of a key that write entries: dictionary transforms, and the array transforms that they hold."""
    if isinstance(transform, Compose):
        for part in transform.transforms:
            yield from _traceable(part, key)
    elif isinstance(transform, TraceableTransform) and (
        not isinstance(transform, MapTransform) or key in transform.keys
    ):
        yield transform
        yield from (held for held in vars(transform).values() if isinstance(held, TraceableTransform))
