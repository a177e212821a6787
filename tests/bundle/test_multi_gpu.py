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

import csv
import tempfile
import unittest
from pathlib import Path
from typing import Any

import torch
from parameterized import parameterized

from tests.bundle.workflows import run, training
from tests.data_sets import write_boxes
from tests.processes import run_in_processes

SMALL: dict[str, Any] = {"val_fraction": 0.25, "batch_size": 1}


def train(data: Path, out: Path) -> dict[str, torch.Tensor]:
    workflow = training(data, out, "multi_gpu_train", **SMALL, epochs=2)
    run(workflow)
    return {
        name: value.detach() for name, value in workflow.parser.get_parsed_content("network_def").named_parameters()
    }


def evaluate(data: Path, models: Path, out: Path) -> None:
    run(training(data, out, "evaluate", "multi_gpu_evaluate", **SMALL, ckpt_dir=str(models)))


class TestMultiGPU(unittest.TestCase):
    """Two processes on a CPU."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data = self.work / "data"

    def test_processes_hold_equal_weights_after_training_and_save_them_once(self) -> None:
        write_boxes(self.data, cases=5)
        first, second = run_in_processes(train, self.data, self.work / "out")
        for name, value in first.items():
            self.assertTrue(torch.equal(value, second[name]), name)
        saved = torch.load(self.work / "out" / "models" / "model_last.pt", weights_only=True)
        for name, value in first.items():
            self.assertTrue(torch.equal(value, saved[name]), name)


if __name__ == "__main__":
    unittest.main()
