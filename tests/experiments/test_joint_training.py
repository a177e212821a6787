# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import logging
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from parameterized import parameterized

from monai_unet3plus.experiments import joint_training
from monai_unet3plus.experiments.case_lists import write_list
from monai_unet3plus.experiments.joint_training import Job, Training, find_starts, read_config, train
from monai_unet3plus.handlers.checkpoint import get_trained_organs
from monai_unet3plus.phantom import write_phantoms
from monai_unet3plus.utils.errors import InputError

BUNDLE = Path(__file__).parents[2] / "bundle"
NARROW = {"features": [4, 4, 8, 8, 8], "device": "cpu", "bfloat16": False, "dataset_dir": "."}


def make_training(**overrides: Any) -> Training:
    return Training(read_config(BUNDLE, {**NARROW, **overrides}))


def make_batch(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    masks = torch.zeros(size, 2, 176, 176, dtype=torch.uint8)
    masks[:, :, 40:100, 40:100] = 1
    return torch.rand(size, 3, 176, 176).half(), masks


class TestTraining(unittest.TestCase):
    def test_the_average_is_that_of_newest_weights_by_their_shares(self) -> None:
        training = make_training()
        expected = {name: value.clone() for name, value in training.average.state_dict().items()}
        for step in range(1, 5):
            training.learn(*make_batch(2), progress=0.1)
            share = 3 / (step + 2)
            for name, value in training.network.state_dict().items():
                if value.is_floating_point():
                    expected[name] = (1 - share) * expected[name] + share * value
        for name, value in training.average.state_dict().items():
            if value.is_floating_point():
                torch.testing.assert_close(value, expected[name])

    def test_the_learning_rate_rises_and_then_falls_to_zero(self) -> None:
        training = make_training()
        rates = []
        for progress in (0.0, 0.01, 0.5, 1.0):
            training.learn(*make_batch(2), progress=progress)
            rates.append(float(training.optimizer.param_groups[0]["lr"]))
        torch.testing.assert_close(rates, [0.0, 0.002 * 0.5 * 0.99**0.9, 0.002 * 0.5**0.9, 0.0])

    def test_a_step_is_that_of_the_optimizer_on_the_loss(self) -> None:
        training, images, masks = make_training(seed=5), *make_batch(2)
        torch.manual_seed(5)
        config = read_config(BUNDLE, NARROW)
        network, optimizer = config.get_parsed_content("network").train(), config.get_parsed_content("optimizer")
        for group in optimizer.param_groups:
            group["lr"] = 0.002 * 0.5**0.9
        torch.manual_seed(1)  # of the classifier's dropout
        config.get_parsed_content("loss")(network(images.float()), masks).backward()
        optimizer.step()
        torch.manual_seed(1)
        training.learn(images, masks, progress=0.5)
        for name, value in training.network.state_dict().items():
            torch.testing.assert_close(value, network.state_dict()[name])

    def test_a_training_waits_for_slabs_and_ends_when_time_is_over(self) -> None:
        batch, drawn = make_batch(1), []
        buffer = mock.Mock(
            draw=mock.Mock(side_effect=lambda *_: drawn.append(1) or (batch if len(drawn) > 2 else None))
        )
        # two waits, each with a new start; three steps; the end and the report
        times = iter([0.0, 0.0, 50.0, 50.0, 90.0, 90.0, 93.0, 97.0, 100.0, 100.0])
        clock = mock.Mock(monotonic=lambda: next(times), sleep=mock.Mock())
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(joint_training, "time", clock):
            models = Path(folder) / "models"
            with self.assertLogs(joint_training.logger, logging.INFO) as logs:
                train(Job("x", None, None, models, BUNDLE, {**NARROW, "batch_size": 1}), buffer, seconds=10.0)
            weights = torch.load(models / "model_last.pt", weights_only=True)
            self.assertEqual(get_trained_organs(weights), ["liver", "spleen"])
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["models"])
        self.assertEqual(clock.sleep.call_count, 2)
        self.assertIn("x, 10 s: 3 steps", logs.output[-1])

    def test_a_training_that_fails_leaves_no_finished_weights(self) -> None:
        batch = make_batch(1)
        buffer = mock.Mock(draw=mock.Mock(side_effect=[batch, batch, RuntimeError("out of memory")]))
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(joint_training, "_REPORT", 0):
            job = Job("x", None, None, Path(folder) / "models", BUNDLE, {**NARROW, "batch_size": 1})
            with self.assertRaisesRegex(RuntimeError, "out of memory"):
                train(job, buffer, seconds=1000.0)
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["models.unfinished"])

    def test_a_training_ends_if_the_process_that_started_it_has_ended(self) -> None:
        parent = mock.Mock(is_alive=mock.Mock(return_value=False))
        job = Job("x", None, None, Path("nowhere") / "models", BUNDLE, NARROW)
        with mock.patch.object(joint_training.mp, "parent_process", return_value=parent):
            self.assertRaises(SystemExit, train, job, mock.Mock(), 1000.0)


class TestStarts(unittest.TestCase):
    def test_the_file_of_one_network_precedes_that_of_all(self) -> None:
        one, other = Path(__file__), Path(__file__).with_name("__init__.py")
        starts = find_starts(["fold_0", "fold_1"], one, [["fold_1", str(other)]])
        self.assertEqual(starts, {"fold_0": one, "fold_1": other})
        self.assertEqual(find_starts(["final"], None, []), {"final": None})

    def test_missing_files_and_unknown_networks_are_refused(self) -> None:
        with self.assertRaisesRegex(
            InputError, "start_from: expected a file of weights, but nothing.pt does not exist"
        ):
            find_starts(["fold_0"], Path("nothing.pt"), [])
        with self.assertRaisesRegex(InputError, "start_one_from: expected a file of weights, but nothing.pt"):
            find_starts(["fold_0"], None, [["fold_0", "nothing.pt"]])
        with self.assertRaisesRegex(InputError, "the name of a network, fold_0, final, but got fold_7"):
            find_starts(["fold_0", "final"], None, [["fold_7", __file__]])


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
            # a second run replaces nothing
            with mock.patch("sys.argv", command), mock.patch("sys.stderr", new_callable=io.StringIO) as stderr:
                self.assertRaises(SystemExit, joint_training.main)
            self.assertIn("models has the weights of a training that is finished", stderr.getvalue())

    def test_without_networks_the_command_says_so(self) -> None:
        command = ["x", "--datalist_file", "list.json", "--work_dir", "w", "--minutes", "1", "--folds"]
        with mock.patch("sys.argv", command), mock.patch("sys.stderr", new_callable=io.StringIO) as stderr:
            self.assertRaises(SystemExit, joint_training.main)
        self.assertIn("nothing to train", stderr.getvalue())

    @parameterized.expand(
        [
            ([{"fold": 0}, {}], "1 have none: 1.nii"),
            ([{"fold": 0}, {"fold": 1}], "fold 7 puts 0 of 2"),
            ([{"fold": 7, "patient": "A"}, {"fold": 1, "patient": "A"}, {"fold": 1}], r"1 are in both: \['A'\]"),
            ([{"fold": 7}, {"fold": 1, "weight": 0}], "weights from 0 up, and some above"),
        ]
    )
    def test_folds_that_cannot_be_held_out_are_refused(self, cases: list[dict], message: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            listed = [{"image": f"{number}.nii", "label": "l.nii", **case} for number, case in enumerate(cases)]
            write_list(listed, Path(folder, "list.json"))
            command = ["x", "--datalist_file", f"{folder}/list.json", "--work_dir", folder, "--minutes", "1"]
            command += ["--folds", "7"]
            with mock.patch("sys.argv", command), mock.patch("sys.stderr", new_callable=io.StringIO) as stderr:
                self.assertRaises(SystemExit, joint_training.main)
            self.assertRegex(stderr.getvalue(), message)


if __name__ == "__main__":
    unittest.main()
