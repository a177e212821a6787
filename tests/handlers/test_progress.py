# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from contextlib import redirect_stderr
from io import StringIO
from unittest import mock

import torch
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedTrainer
from parameterized import parameterized

from monai_unet3plus.handlers import ProgressHandler


class TestProgressHandler(unittest.TestCase):
    @parameterized.expand([("decollated", True), ("as_batches", False)])
    def test_bar_shows_epochs_and_the_loss_of_a_trainer(self, _: str, decollate: bool) -> None:
        network = torch.nn.Conv2d(1, 1, 1)
        torch.nn.init.zeros_(network.weight)
        torch.nn.init.constant_(network.bias, 0.5)
        item = {"image": torch.rand(1, 4, 4), "label": torch.zeros(1, 4, 4)}
        trainer = SupervisedTrainer(
            device=torch.device("cpu"),
            max_epochs=2,
            train_data_loader=DataLoader(Dataset([item] * 4), batch_size=2),
            network=network,
            optimizer=torch.optim.SGD(network.parameters(), lr=0.0),
            loss_function=torch.nn.MSELoss(),
            decollate=decollate,
            train_handlers=[ProgressHandler(desc="training")],
        )
        with redirect_stderr(StringIO()) as shown, mock.patch.object(shown, "isatty", return_value=True):
            trainer.run()
        for part in ("training [1/2]", "training [2/2]", "loss=0.25"):
            self.assertIn(part, shown.getvalue())


if __name__ == "__main__":
    unittest.main()
