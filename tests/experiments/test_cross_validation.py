# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from monai_unet3plus.experiments import cross_validation
from monai_unet3plus.metrics.organ_scores import score_names
from monai_unet3plus.report.schema import write_cases, write_summary


def scores(**known: float) -> dict[str, float | None]:
    return {**dict.fromkeys(score_names(2.0)), "slices": 10.0, "organ_free_slices": 4.0, "truth_ml": 5.0, **known}


SCORES = {
    "a/1.nii": {"liver": scores(dice=0.9, over_segmentation=0.5, presence_accuracy=0.8, surface_dice_2mm=0.7)},
    "a/2.nii": {"liver": scores(dice=0.7, over_segmentation=0.0, presence_accuracy=1.0, surface_dice_2mm=0.1)},
    "b/3.nii": {"liver": scores(dice=0.6, over_segmentation=0.25, presence_accuracy=0.9), "spleen": scores(dice=0.3)},
}


class TestCrossValidation(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        cases: list[dict[str, Any]] = [
            {"image": "a/1.nii", "source": "amos", "patient": "p", "fold": 0},
            {"image": "a/2.nii", "source": "amos", "patient": "p", "fold": 0, "spacing_known": False},
            {"image": "b/3.nii", "source": "lits", "patient": "q", "fold": 1, "spacing_known": False},
        ]
        for case in cases:
            case["image"] = str(self.root / case["image"])
        (self.root / "list.json").write_text(json.dumps({"training": cases}))
        self.trained: list[int | None] = []
        self.evaluated: list[Path] = []

    def run_command(self, *options: str) -> str:
        """Run the command with trainings and evaluations that write the files of real ones only."""

        def train(bundle: Path, configs: list[str], models: Path, overrides: Mapping, environment: Mapping) -> Path:
            self.trained.append(overrides.get("fold"))
            return models / "model_last.pt"

        def evaluate(bundle: Path, configs: list[str], overrides: Mapping, environment: Mapping) -> None:
            self.evaluated.append(overrides["checkpoint"])
            names = ["a/1.nii", "a/2.nii"] if overrides["fold"] == 0 else ["b/3.nii"]
            overrides["output_dir"].mkdir(parents=True)
            write_cases(overrides["output_dir"] / "cases.csv", {n: SCORES[n] for n in names}, score_names(2.0))
            write_summary(overrides["output_dir"], {}, 2.0)

        page = self.root / "page.md"
        command = ["x", "--datalist_file", str(self.root / "list.json"), "--work_dir", str(self.root / "work")]
        with (
            mock.patch.object(cross_validation, "train_bundle", train),
            mock.patch.object(cross_validation, "run_bundle", evaluate),
            mock.patch("sys.argv", [*command, "--output", str(page), "--folds", "0", "1", *options]),
        ):
            cross_validation.main()
        return page.read_text()

    def test_page_has_means_over_patients_and_sums_over_slices(self) -> None:
        page = self.run_command()
        self.assertEqual(self.trained, [0, 1])
        # Dice of patient p is the mean of 0.9 and 0.7; of 8 slices without the liver half of the first 4 hold some
        self.assertIn("| amos | liver | 1 | 0.800 | 0.800 | 0.700 | 2 of 8 | 2 of 8 | 90.0 % |", page)
        self.assertIn("| lits | liver | 1 | 0.600 | 0.600 |  | 1 of 4 | 1 of 4 | 90.0 % |", page)
        self.assertIn("| p | amos | liver | 20 | 0.800 | 0.700 | 2 of 8 |", page)
        self.assertIn("has seen no slice", page)

    def test_final_training_is_on_all_patients(self) -> None:
        self.run_command("--final")
        self.assertEqual(self.trained, [0, 1, None])

    def test_weights_get_the_threshold_before_they_are_evaluated(self) -> None:
        with mock.patch.object(cross_validation, "save_with_threshold") as save:
            self.run_command("--presence_threshold", "0.7", "--final")
        work = self.root / "work"
        changed = [work / name / "model_with_threshold.pt" for name in ("fold_0", "fold_1", "final")]
        trained = [work / name / "models" / "model_last.pt" for name in ("fold_0", "fold_1", "final")]
        self.assertEqual([call.args for call in save.call_args_list], [(a, 0.7, b) for a, b in zip(trained, changed)])
        self.assertEqual(self.evaluated, [changed[0], changed[0], changed[1], changed[1]])

    def test_labels_of_a_network_are_no_reference(self) -> None:
        self.assertNotIn("| lits | spleen", self.run_command())

    def test_one_file_is_evaluated_without_a_training(self) -> None:
        page = self.run_command("--checkpoint", "model.pt")
        self.assertEqual(self.trained, [])
        self.assertIn("may have been trained on these patients", page)


if __name__ == "__main__":
    unittest.main()
