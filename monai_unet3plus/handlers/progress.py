# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A progress bar for each epoch."""

from __future__ import annotations

import torch
from ignite.engine import Engine
from monai.handlers import from_engine
from monai.utils import CommonKeys

try:
    from ignite.handlers import ProgressBar
except ImportError:  # before pytorch-ignite 0.5, which MONAI 1.5 asks for
    from ignite.contrib.handlers import ProgressBar

__all__ = ["ProgressHandler"]


class ProgressHandler:
    """
    Shows a progress bar per epoch with the loss and the remaining time.

    Args:
        desc: text before the bar. Defaults to "epoch".
    """

    def __init__(self, desc: str = "epoch") -> None:
        self.bar = ProgressBar(desc=desc)

    def attach(self, engine: Engine) -> None:
        """
        Args:
            engine: a MONAI trainer; of several processes, only the first one's is shown.
        """
        if engine.state.rank == 0:  # type: ignore[attr-defined]
            self.bar.attach(engine, output_transform=_mean_loss)


def _mean_loss(output: object) -> dict[str, float]:
    losses = from_engine(CommonKeys.LOSS)(output)
    return {"loss": sum(float(torch.as_tensor(loss).detach()) for loss in losses) / len(losses)}
