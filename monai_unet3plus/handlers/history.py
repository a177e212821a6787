# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The table and the curves of a training."""

from __future__ import annotations

import csv
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from monai.config import PathLike
from monai.engines import Evaluator, Trainer
from monai.handlers import from_engine
from monai.utils import CommonKeys

from ..utils.files import replacing
from ..visualize import save_curves

__all__ = ["TrainingHistory"]


class TrainingHistory:
    """
    Writes ``history.csv``, a row per epoch, and draws ``curves.png`` from it whenever there was a validation.

    The columns are the epoch, the mean of the loss and of each of its parts (if the loss function has a dictionary
    ``parts``, as :py:class:`monai_unet3plus.losses.UNet3PlusLoss` has), and the metrics of trainer and validator.
    When a training is resumed, the rows of the epochs before are kept.

    Args:
        output_dir: folder of the two files.
        validator: the evaluator that training runs now and then; its handler is attached before this one.
    """

    def __init__(self, output_dir: PathLike, validator: Evaluator) -> None:
        self.table = Path(output_dir) / "history.csv"
        self.picture = Path(output_dir) / "curves.png"
        self.validator = validator
        self._sums: dict[str, torch.Tensor] = {}
        self._is_drawn = False

    def attach(self, engine: Engine) -> None:
        """Attach to a MONAI trainer; of several processes, only the first one's counts."""
        if engine.state.rank > 0:  # type: ignore[attr-defined]
            return
        engine.add_event_handler(Events.EPOCH_STARTED, self._reset)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._write)
        engine.add_event_handler(Events.COMPLETED, self._draw)

    def _reset(self, engine: Trainer) -> None:
        self._sums, self._is_drawn = {}, False

    def _add(self, engine: Trainer) -> None:
        losses = from_engine(CommonKeys.LOSS)(engine.state.output)
        values = {"loss": torch.stack([torch.as_tensor(loss).detach() for loss in losses]).mean()}
        values.update(getattr(engine.loss_function, "parts", {}))  # type: ignore[attr-defined]
        for name, value in values.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value

    def _write(self, engine: Trainer) -> None:
        row = {"epoch": engine.state.epoch}
        row.update({name: f"{float(value) / engine.state.epoch_length:.6f}" for name, value in self._sums.items()})
        validated = self.validator.state.epoch == engine.state.epoch
        metrics = {**engine.state.metrics, **(self.validator.state.metrics if validated else {})}
        row.update({name: f"{float(value):.6f}" for name, value in metrics.items()})
        rows = [old for old in self._rows() if int(old["epoch"]) < engine.state.epoch] + [row]
        with replacing(self.table) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(dict.fromkeys(name for r in rows for name in r)))
            writer.writeheader()
            writer.writerows(rows)
        if validated:
            self._draw(engine)

    def _rows(self) -> list[dict]:
        if not self.table.is_file():
            return []
        with self.table.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _draw(self, engine: Trainer) -> None:
        rows = self._rows()
        if rows and not self._is_drawn:
            save_curves(rows, self.picture)
            self._is_drawn = True
