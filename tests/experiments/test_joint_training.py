# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch

from monai_unet3plus.experiments import joint_training
from monai_unet3plus.experiments.joint_training import Training, read_config, train_together
from monai_unet3plus.handlers.checkpoint import get_trained_organs
from monai_unet3plus.phantom import write_phantoms

BUNDLE = Path(__file__).parents[2] / "bundle"
NARROW = {"features": [4, 4, 8, 8, 8], "device": "cpu", "bfloat16": False, "dataset_dir": "."}


def make_training(fold: int | None, batch_size: int = 2) -> Training:
    return Training("x", fold, read_config(BUNDLE, {**NARROW, "batch_size": batch_size}))


def make_batch(folds: list[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    images = torch.rand(len(folds), 3, 176, 176).half()
    masks = torch.zeros(len(folds), 2, 176, 176, dtype=torch.uint8)
    masks[:, :, 40:100, 40:100] = 1
    return images, masks, torch.tensor(folds)


class TestTraining(unittest.TestCase):
    def test_patients_of_the_own_fold_change_nothing(self) -> None:
        training = make_training(fold=1)
        before = {name: value.clone() for name, value in training.network.state_dict().items()}
        training.learn(*make_batch([1, 1, 1, 1]), progress=0.0)
        for name, value in training.network.state_dict().items():
            torch.testing.assert_close(value, before[name], rtol=0, atol=0)
        self.assertEqual((training.steps, training.waiting), (0, []))

    def test_each_other_slab_is_used_once_in_full_batches(self) -> None:
        training, used = make_training(fold=1), []
        images, masks, folds = make_batch([0, 1, 2, 2, 1, 0, 3])
        with mock.patch.object(training, "_step", lambda images, masks: used.append(images)):
            training.learn(images, masks, folds, 0.0)
            training.learn(images[:2], masks[:2], folds[:2], 0.0)
        expected = images[[0, 2, 3, 5, 6, 0]]
        self.assertEqual([len(batch) for batch in used], [2, 2, 2])
        torch.testing.assert_close(torch.cat(used), expected, rtol=0, atol=0)

    def test_the_average_is_that_of_newest_weights_by_their_shares(self) -> None:
        training = make_training(fold=None)
        expected = {name: value.clone() for name, value in training.average.state_dict().items()}
        for step in range(1, 5):
            training.learn(*make_batch([0, 0]), progress=0.0)
            share = 3 / (step + 2)
            for name, value in training.network.state_dict().items():
                if value.is_floating_point():
                    expected[name] = (1 - share) * expected[name] + share * value
        for name, value in training.average.state_dict().items():
            if value.is_floating_point():
                torch.testing.assert_close(value, expected[name])

    def test_the_learning_rate_falls_to_zero(self) -> None:
        training = make_training(fold=None)
        rates = []
        for progress in (0.0, 0.5, 1.0):
            training.learn(*make_batch([0, 0]), progress=progress)
            rates.append(float(training.optimizer.param_groups[0]["lr"]))
        torch.testing.assert_close(rates, [0.002, 0.002 * 0.5**0.9, 0.0])

    def test_training_ends_when_time_is_over(self) -> None:
        training = make_training(fold=None)
        clock = mock.Mock(monotonic=mock.Mock(side_effect=[0.0, 4.0, 9.0, 10.0]))
        with mock.patch.object(joint_training, "time", clock):
            train_together([training], iter([make_batch([0, 0])] * 9), seconds=10.0)  # type: ignore[arg-type]
        self.assertEqual(training.steps, 3)


class TestCommand(unittest.TestCase):
    def test_weights_lie_where_the_cross_validation_looks(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            write_phantoms(work / "data", cases=2, seed=0, pixel_size=(3.0, 3.0), slice_thickness=(10.0, 10.0))
            listed = json.loads((work / "data" / "dataset.json").read_text())["training"]
            cases = [
                {**{key: str(work / "data" / case[key]) for key in ("image", "label")}, "fold": fold}
                for fold, case in enumerate(listed)
            ]
            (work / "list.json").write_text(json.dumps({"training": cases}))
            command = ["x", "--datalist_file", str(work / "list.json"), "--work_dir", str(work / "w")]
            command += ["--minutes", "0.01", "--folds", "1", "--final", "--workers", "0", "--bundle_root", str(BUNDLE)]
            command += ["--overrides", "features=[4,4,8,8,8]", "batch_size=1", "device=cpu", "crop_size=[176,176]"]
            with mock.patch("sys.argv", command):
                joint_training.main()
            for name in ("fold_1", "final"):
                weights = torch.load(work / "w" / name / "models" / "model_last.pt", weights_only=True)
                self.assertEqual(get_trained_organs(weights), ["liver", "spleen"])


if __name__ == "__main__":
    unittest.main()
