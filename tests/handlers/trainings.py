# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.handlers import LrScheduleHandler, MeanDice, ValidationHandler, from_engine
from monai.transforms import AsDiscreted, Compose, RandGaussianNoised

from monai_unet3plus.handlers import EpochSeed, TrainingHistory, TrainingState


class KilledError(Exception):
    """Stands for a kill: nothing after it runs."""


class Losses:
    """Records the loss of each iteration, and kills the training in the middle of an epoch if it is told to."""

    def __init__(self, kill_in_epoch: int | None) -> None:
        self.values: list[float] = []
        self.kill_in_epoch = kill_in_epoch

    def attach(self, engine: Engine) -> None:
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        self.values.append(float(from_engine(["loss"], first=True)(engine.state.output)))
        if engine.state.epoch == self.kill_in_epoch and engine.state.iteration % engine.state.epoch_length == 2:
            raise KilledError


def train(
    folder: Path,
    epochs: int,
    resume: bool = False,
    num_workers: int = 0,
    kill_in_epoch: int | None = None,
    network: torch.nn.Module | None = None,
    **settings: Any,
) -> tuple[list[float], SupervisedTrainer, SupervisedEvaluator]:
    """
    Train a tiny network with noise in the data, dropout, momentum and a falling learning rate on random images.

    Returns:
        the loss of each iteration, the trainer, and the validator.
    """
    torch.manual_seed(5)
    if network is None:
        network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.Dropout(), torch.nn.Conv2d(4, 1, 1))
    generator = torch.Generator().manual_seed(1)
    items = [{"image": torch.rand(1, 8, 8, generator=generator)} for _ in range(8)]
    for item in items:
        item["label"] = (item["image"] > 0.5).float()
    dataset = Dataset(items, Compose([RandGaussianNoised("image", prob=0.9, std=0.5)]))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.3, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=epochs, power=0.9)
    validator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items), batch_size=2),
        network=network,
        postprocessing=AsDiscreted("pred", threshold=0.0),
        key_val_metric={"val_mean_dice": MeanDice(output_transform=from_engine(["pred", "label"]))},
    )
    losses = Losses(kill_in_epoch)
    state = {"network": network, "optimizer": optimizer, "lr_scheduler": scheduler}
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=epochs,
        train_data_loader=DataLoader(dataset, batch_size=2, shuffle=True, num_workers=num_workers),
        network=network,
        optimizer=optimizer,
        loss_function=torch.nn.BCEWithLogitsLoss(),
        train_handlers=[
            EpochSeed(3, dataset),
            ValidationHandler(interval=1, validator=validator),
            LrScheduleHandler(scheduler, print_lr=False),
            losses,
            TrainingHistory(folder, validator),
            TrainingState(folder / "state.pt", state, validator, resume, settings),
        ],
    )
    try:
        trainer.run()
    except KilledError:
        pass
    return losses.values, trainer, validator
