# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import json
import logging
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
from parameterized import parameterized

from monai_unet3plus.handlers import TrainingState
from tests.bundle.workflows import inference, run, training, write_checkpoint
from tests.data_sets import write_boxes


class TestTrain(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        """A training of an epoch, for the tests that need its checkpoints alone."""
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        write_boxes(Path(folder.name) / "data", cases=4, test_cases=2)
        run(training(Path(folder.name) / "data", Path(folder.name) / "out"))
        cls.trained = Path(folder.name) / "out" / "models"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data, self.out = self.work / "data", self.work / "out"
        write_boxes(self.data, cases=4, test_cases=2)

    @parameterized.expand([("one_organ", {"liver": 1}), ("two_organs", {"liver": [1], "spleen": 2})])
    def test_training_changes_every_weight_and_writes_checkpoints(self, _: str, organs: dict) -> None:
        workflow = training(self.data, self.out, organs=organs)
        workflow.initialize()
        network = workflow.parser.get_parsed_content("network")
        before = {name: value.clone() for name, value in network.named_parameters()}
        workflow.run()
        for name, value in network.named_parameters():
            # a convolution's bias has no effect in front of batch norm
            if "bias" not in name:
                self.assertFalse(torch.equal(before[name], value), name)
        for name in ("model.pt", "model_last.pt"):
            network.load_state_dict(torch.load(self.out / "models" / name, weights_only=True))

    def test_two_runs_with_one_seed_give_equal_weights(self) -> None:
        run(training(self.data, self.out))
        first, second = (
            torch.load(folder / "model_last.pt", weights_only=True) for folder in (self.trained, self.out / "models")
        )
        for name, value in first.items():
            self.assertTrue(torch.equal(value, second[name]), name)

    def test_training_killed_after_an_epoch_is_resumed_to_equal_weights(self) -> None:
        save = TrainingState.save

        def save_and_die(state: TrainingState, engine: Any) -> None:
            save(state, engine)
            raise KeyboardInterrupt

        run(training(self.data, self.work / "unbroken", epochs=2))
        with mock.patch.object(TrainingState, "save", save_and_die), self.assertRaises(SystemExit):
            run(training(self.data, self.work / "broken", epochs=2))
        run(training(self.data, self.work / "broken", epochs=2, resume=True))
        unbroken, broken = (
            torch.load(self.work / name / "models" / "model_last.pt", weights_only=True)
            for name in ("unbroken", "broken")
        )
        for name, value in unbroken.items():
            self.assertTrue(torch.equal(value, broken[name]), name)

    @parameterized.expand(
        [
            ("unet3plus_no_ds", {"loss", "focal"}),
            ("unet3plus", {"loss", "focal"}),
            ("unet3plus_hybrid", {"loss", "focal", "ms_ssim", "iou"}),
            ("unet3plus_cgm", {"loss", "focal", "ms_ssim", "iou", "presence"}),
        ]
    )
    def test_system_has_its_losses_and_leaves_no_parameter_unused(self, name: str, parts: set[str]) -> None:
        workflow = training(self.data, self.out, f"systems/{name}")
        run(workflow)
        for parameter, value in workflow.parser.get_parsed_content("network").named_parameters():
            self.assertIsNotNone(value.grad, parameter)
        with (self.out / "history.csv").open() as file:
            self.assertEqual(set(next(csv.DictReader(file))) - {"epoch", "train_mean_dice", "val_mean_dice"}, parts)
        self.assertTrue((self.out / "curves.png").is_file())

    def test_weights_are_refused_for_other_organs_than_they_were_trained_for(self) -> None:
        checkpoint = str(self.trained / "model.pt")
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit):
            run(inference(self.data, self.work / "masks", checkpoint=checkpoint, organs={"kidney": 1}))
        self.assertRegex(log.output[-1], r"trained for the organs \['liver'\], but organs has \['kidney'\]")

    def test_fine_tuning_keeps_an_organ_and_adds_another(self) -> None:
        options = {"organs": {"spleen": 2, "liver": 1}, "learning_rate": 0.0}
        checkpoint = self.trained / "model_last.pt"
        run(training(self.data, self.work / "tuned", finetune_from=str(checkpoint), **options))
        old = torch.load(checkpoint, weights_only=True)["heads.0.conv.weight"]
        new = torch.load(self.work / "tuned" / "models" / "model_last.pt", weights_only=True)["heads.0.conv.weight"]
        self.assertTrue(torch.equal(new[1:], old))
        self.assertFalse(torch.equal(new[:1], old))

    def test_evaluation_reports_the_dice_of_each_test_case_as_computed_from_the_files(self) -> None:
        (self.out / "models").mkdir(parents=True)
        write_checkpoint(self.work, organs=1).rename(self.out / "models" / "model.pt")
        evaluation = self.work / "evaluation"
        run(training(self.data, evaluation, "evaluate", ckpt_dir=str(self.out / "models")))
        with (evaluation / "cases.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["case"] for row in rows], ["imagesTs/box_4.nii.gz", "imagesTs/box_5.nii.gz"])
        for row in rows:
            name = Path(row["case"]).name
            truth = np.asarray(nib.load(self.data / "labelsTs" / name).dataobj) == 1
            mask = np.asarray(nib.load(evaluation / name.replace(".nii", "_seg.nii")).dataobj) == 1
            dice = 2 * (truth & mask).sum() / (truth.sum() + mask.sum())
            self.assertGreater(dice, 0)
            self.assertAlmostEqual(float(row["dice"]), dice, places=4)
            self.assertNotEqual(row["presence_accuracy"], "")
            self.assertTrue((evaluation / name.replace(".nii.gz", "_differences.webp")).is_file())
        summary = json.loads((evaluation / "summary.json").read_text())
        self.assertEqual(summary["organs"]["liver"]["cases"], 2)
        mean = float((evaluation / "metrics.csv").read_text().strip().split(",")[1])  # MetricsSaver
        self.assertAlmostEqual(mean, summary["organs"]["liver"]["metrics"]["dice"]["mean"], places=5)

    @parameterized.expand([("training", []), ("evaluation", ["evaluate"])])
    def test_workflow_has_the_properties_that_other_programs_look_for(self, _: str, configs: list[str]) -> None:
        workflow = training(self.data, self.out, *configs)
        workflow.initialize()
        self.assertEqual(workflow.check_properties(), [])

    @parameterized.expand(
        [
            ("label_of_another_size", "labelsTr/box_1.nii.gz", np.zeros((48, 40, 7), np.uint8), "box_1.*but found"),
            ("four_dimensions", "imagesTr/box_0.nii.gz", np.zeros((8, 8, 8, 2), np.int16), "box_0.*4 dimensions"),
        ]
    )
    def test_bad_case_ends_a_strict_training_before_the_first_epoch(
        self, _: str, file: str, array: np.ndarray, sentence: str
    ) -> None:
        nib.save(nib.Nifti1Image(array, nib.load(self.data / file).affine), self.data / file)
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit):
            run(training(self.data, self.out, strict=True))
        self.assertRegex(log.output[0], f"left out: .*{sentence}")
        self.assertRegex(log.output[-1], "strict: expected cases that can be loaded, but 1 of")

    def test_bad_cases_are_left_out_of_training_and_validation(self) -> None:
        listed = json.loads((self.data / "dataset.json").read_text())["training"]
        for number, case in enumerate(listed):
            case["fold"] = number % 2
        (self.work / "list.json").write_text(json.dumps({"training": listed}))
        for number in (0, 1):
            (self.data / listed[number]["image"]).write_bytes(b"")
        with self.assertLogs("monai_unet3plus.data.bad_cases", logging.ERROR) as log:
            run(training(self.data, self.out, datalist_file=str(self.work / "list.json"), split="fold"))
        self.assertEqual(len(log.output), 2)
        self.assertTrue((self.out / "models" / "model.pt").is_file())

    def test_crops_too_small_for_the_loss_end_training_with_one_sentence(self) -> None:
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit):
            with self.assertNoLogs("monai.handlers.StatsHandler", logging.ERROR):  # no stack trace
                run(training(self.data, self.out, crop_size=[128, 128]))
        self.assertRegex(log.output[-1], r"needs images of .* = 161 or more .* got \(128, 128\)")

    def test_organs_that_a_case_does_not_annotate_are_left_out(self) -> None:
        listed = json.loads((self.data / "dataset.json").read_text())["training"]
        for number, case in enumerate(listed):
            case["fold"], case["annotated"] = number % 2, [["liver"], ["liver", "spleen"]][number // 2]
        (self.work / "list.json").write_text(json.dumps({"training": listed}))
        options = {"datalist_file": str(self.work / "list.json"), "split": "fold", "organs": {"liver": 1, "spleen": 2}}
        run(training(self.data, self.out, **options))
        evaluation = self.work / "evaluation"
        for test_set in ("imagesTs", "labelsTs"):
            shutil.rmtree(self.data / test_set)
        run(training(self.data, evaluation, "evaluate", ckpt_dir=str(self.out / "models"), **options))
        with (evaluation / "cases.csv").open() as file:
            rows = [(row["case"], row["organ"]) for row in csv.DictReader(file)]
        first, second = "imagesTr/box_0.nii.gz", "imagesTr/box_2.nii.gz"
        self.assertEqual(rows, [(first, "liver"), (second, "liver"), (second, "spleen")])

    def test_data_sets_that_give_organs_different_values_are_trained_together(self) -> None:
        listed = json.loads((self.data / "dataset.json").read_text())["training"]
        for number, case in enumerate(listed):
            case["fold"], case["annotated"] = number % 2, [{"liver": 1}, {"spleen": 1}][number // 2]
        (self.work / "list.json").write_text(json.dumps({"training": listed}))
        options = {"datalist_file": str(self.work / "list.json"), "split": "fold", "organs": {"liver": 1, "spleen": 2}}
        workflow = training(self.data, self.out, **options)
        run(workflow)
        for item in workflow.parser.get_parsed_content("train#dataset"):
            masks = item[0]["label"]
            known = 0 if item[0]["annotated"][0] else 1
            self.assertTrue((masks[1 - known] == 255).all())
            self.assertFalse((masks[known] == 255).any())

    def test_number_of_slices_without_a_middle_one_ends_training_with_one_sentence(self) -> None:
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit):
            run(training(self.data, self.out, num_slices=2))
        self.assertEqual(len(log.output), 1)
        self.assertRegex(log.output[0], "num_slices: expected an odd number")

    def test_organ_that_no_label_has_ends_training_with_one_sentence(self) -> None:
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit):
            run(training(self.data, self.out, organs={"liver": 1, "kidney": 9}))
        self.assertRegex(log.output[-1], "none has {'kidney': 9}")

    def test_values_of_no_organ_are_named(self) -> None:
        with self.assertLogs("monai_unet3plus", logging.INFO) as log:
            run(training(self.data, self.out))
        self.assertRegex(
            "\n".join(log.output), r"labelsTr/box_\d.nii.gz: label values \[2\] belong to none of the organs"
        )


if __name__ == "__main__":
    unittest.main()
