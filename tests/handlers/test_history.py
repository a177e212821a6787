# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from monai.data import Dataset
from monai.engines import SupervisedEvaluator, SupervisedTrainer

from monai_unet3plus.handlers import TrainingHistory
from tests.handlers.trainings import train


class LossOfParts(torch.nn.Module):
    """Its parts in iteration i are i and 2 i, counted from 0."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.parts: dict[str, torch.Tensor] = {}

    def forward(self, input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.parts = {"focal": torch.tensor(float(self.calls)), "iou": torch.tensor(2.0 * self.calls)}
        self.calls += 1
        return self.parts["focal"] + self.parts["iou"] + 0 * input.sum()


class TestTrainingHistory(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def rows(self) -> list[dict]:
        with (self.root / "history.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def test_a_row_per_epoch_with_mean_loss_and_validation(self) -> None:
        losses, _, validator = train(self.root, 3)
        rows = self.rows()
        self.assertEqual([row["epoch"] for row in rows], ["1", "2", "3"])
        for row, start in zip(rows, (0, 4, 8)):
            self.assertAlmostEqual(float(row["loss"]), sum(losses[start : start + 4]) / 4, places=5)
        self.assertAlmostEqual(float(rows[-1]["val_mean_dice"]), validator.state.metrics["val_mean_dice"], places=5)
        self.assertEqual((self.root / "curves.png").read_bytes()[:4], b"\x89PNG")

    def test_curves_are_drawn_once_after_each_validation(self) -> None:
        with mock.patch("monai_unet3plus.handlers.history.save_curves") as drawn:
            train(self.root, 3)
        self.assertEqual(drawn.call_count, 3)

    def test_another_training_in_the_same_folder_starts_a_new_table(self) -> None:
        train(self.root, 3)
        train(self.root, 1)
        self.assertEqual([row["epoch"] for row in self.rows()], ["1"])

    def test_parts_of_the_loss_are_averaged_over_the_epoch(self) -> None:
        network, items = torch.nn.Linear(1, 1), Dataset([{"image": torch.zeros(1), "label": torch.zeros(1)}] * 3)
        loader = torch.utils.data.DataLoader(items)
        validator = SupervisedEvaluator(torch.device("cpu"), loader, network)
        trainer = SupervisedTrainer(
            torch.device("cpu"),
            max_epochs=2,
            train_data_loader=loader,
            network=network,
            optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
            loss_function=LossOfParts(),
            train_handlers=[TrainingHistory(self.root, validator)],
        )
        trainer.run()
        values = [[float(row[name]) for name in ("loss", "focal", "iou")] for row in self.rows()]
        self.assertEqual(values, [[3.0, 1.0, 2.0], [12.0, 4.0, 8.0]])
        self.assertNotIn("val_mean_dice", self.rows()[0])


if __name__ == "__main__":
    unittest.main()
