# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
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
