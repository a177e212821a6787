# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""MONAI's own tools and the bundle: workflows made in Python, TensorRT, tracking, federated learning."""

from __future__ import annotations

import json
import logging
import sqlite3
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from monai.bundle import create_workflow

from tests.bundle.workflows import BUNDLE, inference, run, training
from tests.data_sets import write_boxes


class TestTools(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data, self.masks = self.work / "data", self.work / "masks"
        write_boxes(self.data, cases=3, test_cases=2)

    def mask(self, folder: Path, number: int) -> np.ndarray:
        return np.asarray(nib.load(folder / f"box_{number}_seg.nii.gz").dataobj)

    def test_cases_of_a_live_workflow_are_replaced_in_memory(self) -> None:
        run(inference(self.data, self.masks))
        workflow = inference(self.data, self.work / "memory")
        workflow.initialize()
        for number in (4, 3):
            workflow.dataset_data = [{"image": str(self.data / "imagesTs" / f"box_{number}.nii.gz")}]
            workflow.initialize()
            workflow.run()
            pred = workflow.evaluator.state.output[0]["pred"]
            np.testing.assert_array_equal(np.asarray(pred)[0], self.mask(self.masks, number))

    def test_create_workflow_takes_the_bundles_folder(self) -> None:
        workflow = create_workflow(
            "monai.bundle.ConfigWorkflow",
            config_file=str(BUNDLE / "configs" / "inference.json"),
            bundle_root=str(BUNDLE),
            workflow_type="infer",
            dataset_dir=str(self.data),
            output_dir=str(self.masks),
            device="cpu",
            logging_file=False,
        )
        self.assertEqual(workflow.check_properties(), [])
        self.assertEqual(workflow.version, json.loads((BUNDLE / "configs" / "metadata.json").read_text())["version"])
        self.assertEqual(len(workflow.dataset_data), 2)

    @unittest.skipIf(torch.cuda.is_available() and find_spec("tensorrt"), "TensorRT is here: nothing to fall back from")
    def test_without_tensorrt_the_masks_are_those_of_pytorch(self) -> None:
        run(inference(self.data, self.masks, bfloat16=False))
        with self.assertLogs("monai.networks.trt_compiler", logging.WARNING) as log:
            run(inference(self.data, self.work / "trt", "inference_trt"))
        self.assertIn("TensorRT", log.output[0])
        for number in (3, 4):
            np.testing.assert_array_equal(self.mask(self.work / "trt", number), self.mask(self.masks, number))

    def test_cases_and_epochs_that_monai_label_sets_end_in_a_new_model(self) -> None:
        names = [path.name for path in sorted((self.data / "imagesTr").iterdir())]
        cases = [{key: str(self.data / f"{key}sTr" / name) for key in ("image", "label")} for name in names]
        run(
            training(
                self.data,
                self.work / "out",
                **{
                    "epochs": 200,  # the default; MONAI Label sets the trainer's
                    "train#trainer#max_epochs": 1,
                    "val_interval": json.loads((BUNDLE / "configs" / "train.json").read_text())["val_interval"],
                    "train#dataset#data": cases[:2],
                    "validate#dataset#data": cases[2:],
                },
            )
        )
        self.assertTrue((self.work / "out" / "models" / "model.pt").is_file())

    @unittest.skipUnless(find_spec("mlflow"), "mlflow is not installed (extra: mlflow)")
    def test_training_is_tracked_by_mlflow(self) -> None:
        run(training(self.data, self.work / "out", tracking="mlflow"))
        with sqlite3.connect(self.work / "out" / "mlruns.db") as database:
            names = {name for (name,) in database.execute("select key from metrics")}
        self.assertLessEqual({"train_loss", "val_mean_dice"}, names)


if __name__ == "__main__":
    unittest.main()
