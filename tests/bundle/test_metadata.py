# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
import unittest

import torch
from monai.bundle import ConfigParser

import monai_unet3plus
from monai_unet3plus.networks.nets import UNet3Plus
from tests.bundle.workflows import BUNDLE, ROOT

METADATA = json.loads((BUNDLE / "configs" / "metadata.json").read_text())
TRAIN, INFERENCE = (json.loads((BUNDLE / "configs" / f"{name}.json").read_text()) for name in ("train", "inference"))


def organs_of_training(split: str) -> dict:
    parser = ConfigParser(dict(TRAIN))
    parser["split"] = split
    return parser.get_parsed_content("organs")


class TestMetadata(unittest.TestCase):
    def test_versions_are_those_of_the_package(self) -> None:
        self.assertEqual(METADATA["version"], monai_unet3plus.__version__)
        self.assertEqual(METADATA["required_packages_version"]["monai-unet3plus"], monai_unet3plus.__version__)
        self.assertEqual(next(iter(METADATA["changelog"])), METADATA["version"])

    def test_hash_is_that_of_the_weights_delivered(self) -> None:
        weights = (BUNDLE / "models" / "model.pt").read_bytes()
        self.assertEqual(hashlib.sha256(weights).hexdigest(), METADATA["weights"]["sha256"])
        self.assertLess(len(weights), 25 * 1024 * 1024)

    def test_weights_fit_the_default_network_strictly(self) -> None:
        network = UNet3Plus(
            out_channels=2, features=INFERENCE["features"], deep_supervision=True, classification_guided=True
        )
        network.load_state_dict(torch.load(BUNDLE / "models" / "model.pt", weights_only=True))

    def test_figures_are_those_of_patients_held_out(self) -> None:
        """Each is the mean Dice of a source in docs/cross_validation.md."""
        page = (ROOT / "docs" / "cross_validation.md").read_text(encoding="utf-8")
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
        scores = {(row[1], row[0]): row[3] for row in rows if len(row) == 9}
        self.assertTrue(METADATA["eval_metrics"])
        for name, value in METADATA["eval_metrics"].items():
            organ, source = name.removeprefix("held_out_mean_dice_").split("_", 1)
            self.assertEqual(f"{value:.3f}", scores[organ, source])

    def test_label_values_are_those_of_the_organs(self) -> None:
        values = METADATA["network_data_format"]["outputs"]["pred"]["channel_def"]
        self.assertEqual(values, {"0": "background", **{str(k): o for k, o in enumerate(INFERENCE["organs"], 1)}})

    def test_training_and_inference_share_their_settings(self) -> None:
        names = ("window", "num_slices", "pixel_size", "features", "deep_supervision", "classification_guided")
        for name in (*names, "roi_size", "overlap", "network_def"):
            self.assertEqual(TRAIN[name], INFERENCE[name], name)
        self.assertEqual(organs_of_training("random"), INFERENCE["organs"])
        # two transforms with one result, see tests/transforms/test_window.py
        ends = {"a_min": "$@window[0]", "a_max": "$@window[1]", "b_min": 0.0, "b_max": 1.0, "clip": True}
        self.assertEqual(TRAIN["scale_intensity"], {**TRAIN["scale_intensity"], **ends})
        self.assertEqual(INFERENCE["preprocessing"]["transforms"][-1]["window"], "@window")

    def test_a_tumour_in_the_liver_of_lits_is_liver(self) -> None:
        self.assertEqual(organs_of_training("lits"), {"liver": [1, 2]})


if __name__ == "__main__":
    unittest.main()
