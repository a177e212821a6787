# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import unittest

import torch

from monai_unet3plus.experiments.compare.training import Training, _onto, _scores, train
from tests.bundle.workflows import BUNDLE
from tests.experiments.compare.comparisons import small_settings, small_volume

NAMES = "abcde"


class TestTraining(unittest.TestCase):
    def test_a_network_learns_and_is_scored_on_the_right_scans(self) -> None:
        settings = small_settings(steps=30, batch_size=4)
        volumes = {name: small_volume() for name in NAMES}
        record = train(Training("unet3plus", 0.01, 1), settings, volumes, BUNDLE, "cpu")
        self.assertEqual(json.loads(json.dumps(record)), record)
        self.assertEqual((list(record["cases"]), list(record["validation_cases"])), (list("cde"), ["b"]))
        self.assertGreater(record["curve"][-1][1], 0.8)
        self.assertEqual(record["curve"][-1][0], 30)
        self.assertEqual((record["system"], record["learning_rate"], record["seed"]), ("unet3plus", 0.01, 1))

    def test_masks_with_and_without_the_gate(self) -> None:
        settings = small_settings(size=176, batch_size=2, steps=1)
        record = train(
            Training("unet3plus_cgm", 0.01, 1), settings, {name: small_volume() for name in NAMES}, BUNDLE, "cpu"
        )
        self.assertEqual(record["cases"].keys(), record["ungated_cases"].keys())

    def test_slices_are_counted(self) -> None:
        mask = torch.zeros(4, 2, 2, dtype=torch.bool)
        reference = mask.clone()
        reference[0], reference[1, 0] = True, True
        mask[0, 0], mask[2, 0, 0] = True, True
        self.assertEqual(
            _scores(mask, reference),
            {
                "dice": round(2 * 2 / (3 + 6), 5),
                "organ_free_slices": 2,
                "over_segmented_slices": 1,
                "organ_slices": 2,
                "missed_slices": 1,
            },
        )

    def test_masks_come_back_onto_the_files_pixels(self) -> None:
        logits = torch.full((1, 9, 9), -1.0)
        logits[:, 2:6, 2:4] = 1  # the slice is in rows 2 to 5 and columns 2 to 6 of the slab
        mask = _onto(logits, (4, 5), (8, 10))
        self.assertEqual(mask[0].sum(dim=0).tolist(), [8] * 4 + [0] * 6)


if __name__ == "__main__":
    unittest.main()
