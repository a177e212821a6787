# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.data import DataLoader, Dataset, MetaTensor
from monai.engines import SupervisedTrainer

from monai_unet3plus.handlers import CheckpointSaver, FiniteLoss
from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.utils.errors import InputError


class Loss(torch.nn.Module):
    """The mean of the prediction, not a number in one step."""

    def __init__(self, bad_step: int) -> None:
        super().__init__()
        self.bad_step, self.step, self.parts = bad_step, 0, {}

    def forward(self, x: torch.Tensor, target: Any = None) -> torch.Tensor:
        self.step += 1
        loss = x.mean() * (torch.nan if self.step == self.bad_step else 1)
        self.parts = {"focal": loss.detach(), "iou": torch.tensor(0.5)}
        return loss


class Scaler:
    """Stands for a trainer's gradient scaler: its scale after each step."""

    def __init__(self, *scales: float) -> None:
        self.scales = iter(scales)

    def attach(self, engine: Any) -> None:
        engine.add_event_handler(Events.STARTED, lambda engine: setattr(engine, "scaler", self))

    def get_scale(self) -> float:
        return next(self.scales)


def trainer_of(loss: Loss, *handlers: Any) -> SupervisedTrainer:
    network = torch.nn.Conv2d(1, 1, 1)
    images = [MetaTensor(torch.ones(1, 4, 4), meta={"filename_or_obj": f"/data/{name}.nii"}) for name in "abcd"]
    return SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=2,
        train_data_loader=DataLoader(Dataset([{"image": image, "label": image} for image in images]), batch_size=2),
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.1),
        loss_function=loss,
        train_handlers=[FiniteLoss(max_skipped=3), *handlers],
    )


class TestFiniteLoss(unittest.TestCase):
    def test_wrong_values_of_a_target_are_named(self) -> None:
        """On a GPU the loss does not check them, so as not to wait for it, and becomes NaN."""
        loss = Loss(bad_step=1)
        loss.check_target = UNet3PlusLoss.check_target
        trainer = trainer_of(loss)

        trainer.data_loader.dataset.data[0]["label"] = torch.eye(4)[None] * 255
        with self.assertRaisesRegex(InputError, "found 0 to 255 in organ 0 of image 0. Divide"):
            trainer.run()

    def test_finite_losses_pass(self) -> None:
        trainer_of(Loss(bad_step=0)).run()

    def test_other_losses_end_the_training_with_step_parts_and_cases(self) -> None:
        trainer = trainer_of(Loss(bad_step=4))
        with self.assertRaisesRegex(
            InputError, "focal nan, iou 0.5 in step 4, epoch 2, with /data/c.nii, /data/d.nii. Weights saved before"
        ):
            trainer.run()
        for value in trainer.network.parameters():
            self.assertTrue(bool(torch.isfinite(value).all()))

    def test_last_good_checkpoint_is_kept(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            last = Path(folder) / "last.pt"
            last.write_bytes(b"good weights")
            saver = CheckpointSaver(folder, {"model": torch.nn.Linear(1, 1)}, save_final=True, final_filename=last.name)
            with self.assertRaises(InputError):
                trainer_of(Loss(bad_step=4), saver).run()
            self.assertEqual(last.read_bytes(), b"good weights")

    def test_steps_that_the_scaler_skips_are_counted_and_end_the_training_in_a_row(self) -> None:
        with self.assertLogs("monai_unet3plus.handlers.finite_loss", "INFO") as log:
            trainer_of(Loss(bad_step=0), Scaler(8, 4, 2, 2)).run()  # it halves its scale when it skips
        self.assertIn("epoch 1: 1 steps skipped", log.output[0])
        self.assertIn("epoch 2: 1 steps skipped", log.output[1])
        with self.assertRaisesRegex(InputError, "amp: expected finite gradients, but those of 3 steps in a row"):
            trainer_of(Loss(bad_step=0), Scaler(8, 4, 2, 1)).run()


if __name__ == "__main__":
    unittest.main()
