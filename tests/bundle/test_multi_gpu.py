# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from parameterized import parameterized
from torch.nn.parallel import DistributedDataParallel

from monai_unet3plus.losses import UNet3PlusLoss
from monai_unet3plus.networks.nets import UNet3Plus
from tests.bundle.workflows import run, training, write_checkpoint
from tests.data_sets import write_boxes
from tests.processes import run_in_processes

SMALL: dict[str, Any] = {"val_fraction": 0.25, "batch_size": 1}


def network() -> UNet3Plus:
    torch.manual_seed(0)
    return UNet3Plus(
        features=(2, 4, 8), deep_supervision=True, classification_guided=True, norm="instance", presence_dropout=0.0
    )


def images_and_masks() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(4, 3, 48, 48, generator=generator)
    masks = (images[:, 1:2] > 0.7).to(torch.uint8)
    masks[3] = 0
    return images, masks


def loss() -> UNet3PlusLoss:
    return UNet3PlusLoss(ms_ssim_kwargs={"weights": [0.0448, 0.2856, 0.3001]})  # for small images


def gradients_of_a_process() -> tuple[float, list[torch.Tensor]]:
    images, masks = (tensor.chunk(2)[dist.get_rank()] for tensor in images_and_masks())
    model = DistributedDataParallel(network())
    value = loss()(model(images), masks)
    value.backward()
    return value.item(), [parameter.grad for parameter in model.parameters()]


def train(data: Path, out: Path) -> dict[str, torch.Tensor]:
    workflow = training(data, out, "multi_gpu_train", **SMALL, epochs=2)
    run(workflow)
    trained = workflow.parser.get_parsed_content("network_def")
    return {name: value.detach() for name, value in trained.named_parameters()}


def evaluate(data: Path, models: Path, out: Path) -> None:
    run(training(data, out, "evaluate", "multi_gpu_evaluate", **SMALL, ckpt_dir=str(models)))


class TestMultiGPU(unittest.TestCase):
    """Two processes on a CPU."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data = self.work / "data"

    def test_gradients_equal_those_that_one_process_accumulates(self) -> None:
        model, values = network(), []
        for images, masks in zip(*(tensor.chunk(2) for tensor in images_and_masks())):
            value = loss()(model(images), masks)
            (value / 2).backward()
            values.append(value.item())
        for rank, (value, gradients) in enumerate(run_in_processes(gradients_of_a_process)):
            self.assertAlmostEqual(value, values[rank], places=5)
            for parameter, gradient in zip(model.parameters(), gradients):
                torch.testing.assert_close(gradient, parameter.grad)

    def test_processes_hold_equal_weights_after_training_and_save_them_once(self) -> None:
        write_boxes(self.data, cases=5)
        first, second = run_in_processes(train, self.data, self.work / "out")
        for name, value in first.items():
            self.assertTrue(torch.equal(value, second[name]), name)
        saved = torch.load(self.work / "out" / "models" / "model_last.pt", weights_only=True)
        for name, value in first.items():
            self.assertTrue(torch.equal(value, saved[name]), name)

    @parameterized.expand([("uneven", 3), ("fewer_cases_than_processes", 1)])
    def test_evaluation_reports_each_case_once_and_as_one_process_does(self, _: str, cases: int) -> None:
        write_boxes(self.data, cases=4, test_cases=cases)
        models = self.work / "models"
        models.mkdir()
        write_checkpoint(self.work, organs=1).rename(models / "model.pt")
        run(training(self.data, self.work / "one", "evaluate", **SMALL, ckpt_dir=str(models)))
        run_in_processes(evaluate, self.data, models, self.work / "two")
        tables = []
        for name in ("one", "two"):
            with (self.work / name / "cases.csv").open() as file:
                tables.append(list(csv.DictReader(file)))
        self.assertEqual(tables[0], tables[1])
        self.assertEqual(len(tables[1]), cases)


if __name__ == "__main__":
    unittest.main()
