# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle as a client of federated learning, by MONAI's MonaiAlgo."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from monai.fl.client import MonaiAlgo
from monai.fl.utils.constants import ExtraItems
from monai.fl.utils.exchange_object import ExchangeObject

from tests.bundle.workflows import BUNDLE, NARROW
from tests.data_sets import write_boxes

ROUNDS, EPOCHS = 4, 2
Weights = dict[str, np.ndarray]


class TestFederated(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def site(self, name: str, brightness: int) -> MonaiAlgo:
        """A hospital whose contrast agent makes the organ more or less bright; nothing but fat is around it."""
        folder = self.work / name
        write_boxes(folder, cases=9, test_cases=1)
        for section in ("Tr", "Ts"):
            for path in (folder / f"images{section}").iterdir():
                image, label = nib.load(path), nib.load(folder / f"labels{section}" / path.name)
                boxes = np.asarray(label.dataobj)
                values = np.select([boxes == 1, boxes == 2], [brightness, -90], np.asarray(image.dataobj))
                nib.save(nib.Nifti1Image(values.astype(np.int16), image.affine), path)
        common = {
            **NARROW,
            "dataset_dir": str(folder),
            "output_dir": str(folder / "out"),
            "ckpt_dir": str(folder / "models"),
            "classification_guided": False,
            "validate#inferer#progress": False,
        }
        training = {
            "lr_scheduler#total_iters": ROUNDS * EPOCHS,
            "val_interval": 1000,
            "crop_size": [48, 40],
            "batch_size": 1,
            "num_samples": 2,
            "affine_prob": 0.0,
            "loss#lambda_ms_ssim": 0.0,  # takes larger crops
            "optimizer": {"_target_": "torch.optim.Adam", "params": "$@network.parameters()", "lr": 0.01},
        }
        client = MonaiAlgo(
            bundle_root=str(BUNDLE),
            local_epochs=EPOCHS,
            send_weight_diff=False,
            config_evaluate_filename=["configs/train.json", "configs/evaluate.json"],
            train_kwargs={**common, **training},
            eval_kwargs=common,
        )
        client.initialize({ExtraItems.CLIENT_NAME: name, ExtraItems.APP_ROOT: ""})
        self.addCleanup(client.finalize)
        return client

    def train(self, sites: list[MonaiAlgo], weights: Weights) -> Weights:
        """Rounds of training at the sites given, whose weights are averaged after each."""
        for _ in range(ROUNDS):
            sent = []
            for site in sites:
                site.train(ExchangeObject(weights=weights))
                sent.append({name: np.array(value) for name, value in site.get_weights().weights.items()})
            weights = {name: np.mean([each[name] for each in sent], axis=0) for name in weights}
        return weights

    def dice(self, sites: list[MonaiAlgo], weights: Weights) -> list[float]:
        return [float(site.evaluate(ExchangeObject(weights=weights)).metrics["val_mean_dice"]) for site in sites]

    def test_two_sites_together_learn_what_one_alone_does_not(self) -> None:
        torch.manual_seed(0)
        bright, _ = sites = [self.site("bright", 230), self.site("dark", 30)]
        start = {name: np.array(value) for name, value in bright.get_weights().weights.items()}
        together = self.dice(sites, self.train(sites, start))
        alone = self.dice(sites, self.train([self.site("again", 230)], start))
        self.assertGreater(np.mean(together), np.mean(alone) + 0.1, f"together {together}, alone {alone}")
        self.assertLess(alone[1], together[1], f"together {together}, alone {alone}")


if __name__ == "__main__":
    unittest.main()
