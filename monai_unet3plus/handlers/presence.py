# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The presence verdicts of the classification-guided module, kept for reports."""

from __future__ import annotations

import copy
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.data.meta_tensor import MetaTensor
from monai.engines import IterationEvents
from monai.utils import CommonKeys
from nibabel.orientations import aff2axcodes
from torch.nn.parallel import DistributedDataParallel

__all__ = ["PRESENCE", "PresenceVerdicts"]

PRESENCE = "presence"


class PresenceVerdicts:
    """
    Keeps the classifier's verdicts of an evaluator, for :py:class:`EvaluationReport` and :py:class:`QualityFlags`.

    When a run starts and the network has a classifier, the evaluator gets a copy of its inferer with
    ``return_presence=True``. Such an inferer returns a mask and the presence margins, and MONAI's evaluators take both
    for the prediction. This puts the margins into the output under "presence", ``(B, K, D)``, and leaves the mask as
    the prediction, so that postprocessing is the same with and without a classifier.
    """

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI evaluator."""
        engine.add_event_handler(Events.STARTED, self.ask)
        engine.add_event_handler(IterationEvents.FORWARD_COMPLETED, self)

    def ask(self, engine: Any) -> None:
        """
        Let the evaluator's inferer return presence margins too; others that use the same inferer get a mask alone.
        """
        network = engine.network.module if isinstance(engine.network, DistributedDataParallel) else engine.network
        if getattr(network, "classification_guided", False) and hasattr(engine.inferer, "return_presence"):
            engine.inferer = copy.copy(engine.inferer)
            engine.inferer.return_presence = True

    def __call__(self, engine: Engine) -> None:
        """
        Raises:
            ValueError: When the slices were not walked from the feet to the head: their verdicts could not be told
                apart later.
        """
        output: Any = engine.state.output
        if not isinstance(output[CommonKeys.PRED], tuple):
            return
        output[CommonKeys.PRED], output[PRESENCE] = output[CommonKeys.PRED]
        image = output[CommonKeys.IMAGE]
        if isinstance(image, MetaTensor):
            for affine in torch.as_tensor(image.affine).reshape(-1, 4, 4).cpu().numpy():
                codes = "".join(aff2axcodes(affine))
                if codes[2] != "S":
                    raise ValueError(f"Expected slices from feet to head, as after Orientationd RAS, but got {codes}.")
