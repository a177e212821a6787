# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Mean Dice over cases and organs, as an ignite metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from ignite.metrics import Metric

from ..metrics import dice
from ..transforms.checks import get_filename
from ..utils.labels import IGNORED
from ..utils.process_group import gather_entries

__all__ = ["OrganDice"]


class OrganDice(Metric):
    """
    Mean Dice: the mean over cases for each organ, then the mean over organs.

    Unlike MONAI's ``MeanDice`` it leaves organs out that a case does not annotate (masks filled with 255), counts an
    organ that is neither there nor predicted as 1, and with ``torch.distributed`` counts a case once that a sampler
    gives to two processes. The output it takes is a list of predictions and one of labels, each ``(K, H, W[, D])``,
    0 and 1, as of ``monai.handlers.from_engine(["pred", "label"])``.
    """

    def reset(self) -> None:
        self._values: dict[tuple[str, int, int], float] = {}  # by file, how often that was seen before, and organ
        self._seen: Counter[str] = Counter()

    def update(self, output: Sequence[Sequence[torch.Tensor]]) -> None:
        """
        Args:
            output: predictions and labels.
        """
        for prediction, label in zip(*output):
            file = get_filename(label)
            for organ, (mask, truth) in enumerate(zip(prediction, label)):
                if not bool((truth == IGNORED).any()):
                    self._values[file, self._seen[file], organ] = dice(mask, truth)
            self._seen[file] += 1

    def compute(self) -> float:
        """0 if no case annotates any organ."""
        values = gather_entries(self._values)
        organs = sorted({organ for _, _, organ in values})
        means = []
        for organ in organs:
            scores = [value for key, value in sorted(values.items()) if key[2] == organ]
            means.append(sum(scores) / len(scores))
        return sum(means) / len(means) if means else 0.0
