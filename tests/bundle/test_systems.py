# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The override files in bundle/configs/systems: the systems of the paper's two tables."""

from __future__ import annotations

import csv
import re
import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import torch
from monai.bundle import ConfigWorkflow
from parameterized import parameterized

from monai_unet3plus.utils.errors import root_cause
from tests.bundle.workflows import BUNDLE, ROOT, inference, run, training
from tests.data_sets import write_boxes
from tests.networks.weights.test_imagenet import random_state

SYSTEMS = sorted(path.stem for path in (BUNDLE / "configs" / "systems").glob("*.json"))
HYBRID = {system for system in SYSTEMS if "hybrid" in system or "cgm" in system}
PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
# system, parameters at the paper's width and at the default one
COUNTED = re.findall(r"^\| `(\w+)` .* \| ([\d,]+) \| ([\d,]+) \|$", PAGE, re.M)
WHOLE_RUNS = ["attention_unet", "deeplabv2", "unet3plus_cgm_resnet101", "deeplabv3plus"]


class TestSystems(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data = self.work / "data"

    def training(self, system: str, *configs: str, **overrides: object) -> ConfigWorkflow:
        crop = 161 if system in HYBRID else 48
        options = {"crop_size": [crop, crop], "num_samples": 2, "organs": {"liver": 1, "spleen": 2}, **overrides}
        ckpt_dir = str(self.work / "models")
        names = (*configs, f"systems/{system}")
        return training(self.data, self.work / f"out_{len(configs)}", *names, ckpt_dir=ckpt_dir, **options)

    def test_the_page_has_them_all(self) -> None:
        self.assertEqual(sorted(system for system, *_ in COUNTED), SYSTEMS)

    @parameterized.expand(COUNTED)
    def test_parameters_are_those_on_the_page(self, system: str, *counts: str) -> None:
        for count, features in zip(counts, ([64, 128, 256, 512, 1024], [16, 32, 64, 128, 256])):
            with torch.device("meta"):
                network = self.parsed(system, "network_def", features=features, organs={"liver": 1})
            self.assertEqual(f"{sum(parameter.numel() for parameter in network.parameters()):,}", count)

    @parameterized.expand([(system,) for system in SYSTEMS])
    def test_network_and_loss_fit_the_masks_and_leave_no_parameter_unused(self, system: str) -> None:
        network, loss = self.parsed(system, "network_def"), self.parsed(system, "loss")
        size = 161 if system in HYBRID else 64
        target = torch.ones(2, 2, size, size)
        target[0, 1] = 255
        loss(network.train()(torch.rand(2, 3, size, size)), target).backward()
        for name, parameter in network.named_parameters():
            self.assertIsNotNone(parameter.grad, name)
        self.assertEqual(network.eval()(torch.rand(1, 3, 64, 64)).shape, (1, 2, 64, 64))

    @parameterized.expand([(system,) for system in WHOLE_RUNS])
    def test_trains_evaluates_and_segments(self, system: str) -> None:
        write_boxes(self.data, cases=2, shape=(48, 40, 4))
        run(self.training(system))
        run(self.training(system, "evaluate"))
        with (self.work / "out_1" / "cases.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual({row["case"] for row in rows}, {"imagesTs/box_2.nii.gz"})
        self.assertEqual({row["organ"] for row in rows}, {"liver", "spleen"})
        masks = self.work / "masks"
        checkpoint = str(self.work / "models" / "model.pt")
        organs = {"liver": 1, "spleen": 2}
        run(inference(self.data, masks, f"systems/{system}", checkpoint=checkpoint, organs=organs))
        self.assertEqual(nib.load(masks / "box_2_seg.nii.gz").shape, (48, 40, 4))

    def test_config_with_pretrained_weights_on_the_page(self) -> None:
        (block,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S)
        weights, config = self.work / "resnet18.pth", self.work / "pretrained.json"
        torch.save(random_state("resnet18"), weights)
        config.write_text(block.replace("/data/resnet18.pth", weights.as_posix()))
        options = {"features": [16, 32, 64, 128, 256]}
        workflow = training(self.data, self.work, "systems/unet3plus_resnet101", config.with_suffix(""), **options)
        resnet = workflow.parser.get_parsed_content("network").encoder.resnet
        self.assertTrue(torch.equal(resnet.stem[0].weight, random_state("resnet18")["conv1.weight"]))
        weights.unlink()
        workflow = training(self.data, self.work, "systems/unet3plus_resnet101", config.with_suffix(""), **options)
        with self.assertRaises(RuntimeError) as raised:
            workflow.parser.get_parsed_content("network")
        self.assertIn("does not exist", str(root_cause(raised.exception)))

    def parsed(self, system: str, name: str, **overrides: object) -> object:
        return self.training(system, **overrides).parser.get_parsed_content(name)


if __name__ == "__main__":
    unittest.main()
