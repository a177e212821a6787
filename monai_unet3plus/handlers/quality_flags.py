# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Flags of masks that should be looked at, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ignite.engine import Engine, Events
from monai.data.meta_tensor import MetaTensor
from monai.engines import IterationEvents
from monai.utils import CommonKeys, convert_to_numpy

from ..engines import CaseEvaluator
from ..metrics.mask_facts import mask_facts, mask_flags
from ..utils.orientation import ras_view
from .presence import PRESENCE, PresenceVerdicts

__all__ = ["QualityFlags"]


class QualityFlags:
    """
    Says which masks of a :py:class:`CaseEvaluator` should be looked at, and why, in its results.

    A mask is flagged where an organ touches the border of the image, has a volume outside the range given, more than
    one large part, or slices in which the classifier is unsure, or where nothing was found. The postprocessing has to
    leave a label map on the file's grid, ``(1, H, W, D)``. Masks of an earlier run are flagged anew at the end, since
    the range may be another one now.

    Args:
        organs: names of the organs, in the order of their values.
        volume_range_ml: for some organs the least and the largest volume that raises no flag.
    """

    def __init__(self, organs: Sequence[str], volume_range_ml: Mapping[str, Sequence[float]] | None = None) -> None:
        self.organs = list(organs)
        self.volume_range_ml = dict(volume_range_ml or {})

    def attach(self, engine: Engine) -> None:
        """Attach this, and the :py:class:`PresenceVerdicts` that it reads, to a CaseEvaluator."""
        PresenceVerdicts().attach(engine)
        engine.add_event_handler(IterationEvents.MODEL_COMPLETED, self)
        engine.add_event_handler(Events.COMPLETED, self.flag_earlier)

    def __call__(self, engine: Any) -> None:
        (output,) = engine.state.output
        mask, presence = output[CommonKeys.PRED], output.get(PRESENCE)
        if not isinstance(mask, MetaTensor):
            raise ValueError("Expected the prediction to be a MetaTensor, whose affine tells where it lies.")
        view, spacing = ras_view(mask.as_tensor()[0].cpu().numpy(), convert_to_numpy(mask.affine))
        for position, organ in enumerate(self.organs):
            margins = None if presence is None else convert_to_numpy(presence)[position]
            facts = mask_facts(view == position + 1, spacing, margins)
            engine.current.organs[organ] = {**facts, "flags": self._flags(organ, facts)}

    def flag_earlier(self, engine: CaseEvaluator) -> None:
        """Flag the masks of an earlier run, from the facts in their records."""
        for result in engine.results:
            if result.status == "unchanged":
                for organ, facts in result.organs.items():
                    facts["flags"] = self._flags(organ, facts)

    def _flags(self, organ: str, facts: dict[str, Any]) -> list[str]:
        return mask_flags(organ, facts, self.volume_range_ml.get(organ))
