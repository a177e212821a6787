# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
import tempfile
import unittest
import warnings
from pathlib import Path

from monai.bundle import ConfigWorkflow, create_workflow
from parameterized import parameterized

from monai_unet3plus.bundle.config_order import AFTER_EVALUATE, AFTER_TRAIN, FIRST, check_config_order
from monai_unet3plus.utils.command import as_command
from monai_unet3plus.utils.errors import InputError, root_cause
from tests.bundle.workflows import BUNDLE

CONFIGS = BUNDLE / "configs"
COMPLETE = ["train", "inference"]
CHANGING = sorted(
    str(path.relative_to(CONFIGS).with_suffix(""))
    for path in CONFIGS.rglob("*.json")
    if path.stem not in (*COMPLETE, "metadata")
)


def initialize(*files: Path) -> None:
    """Read configs and initialize, as a program does, without metadata and the bundle around them."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # MONAI's, of entries that there is nothing to merge with
        copies = [shutil.copy(file, folder) for file in files]
        ConfigWorkflow(config_file=copies, workflow_type="train", logging_file=False, device="cpu").initialize()


class TestConfigsOfTheBundle(unittest.TestCase):
    def assert_refused(self, *names: str) -> str:
        with self.assertRaises(Exception) as raised:
            initialize(*(CONFIGS / f"{name}.json" for name in names))
        cause = root_cause(raised.exception)
        self.assertIsInstance(cause, InputError)
        return str(cause)

    @parameterized.expand(CHANGING)
    def test_one_that_changes_another_is_refused_alone(self, name: str) -> None:
        sentence = self.assert_refused(name)
        self.assertRegex(
            sentence, rf"expected {Path(name).name}\.json after .*\['(train|inference)\.json', .*but it comes first"
        )

    @parameterized.expand(CHANGING)
    def test_one_that_changes_another_is_refused_before_it(self, name: str) -> None:
        for complete in COMPLETE:
            self.assertIn(f"expected {Path(name).name}.json after", self.assert_refused(name, complete))

    @parameterized.expand([("train", "inference"), ("train", "evaluate", "inference"), ("inference", "evaluate")])
    def test_those_that_do_not_belong_together_are_refused(self, *names: str) -> None:
        self.assert_refused(*names)

    @parameterized.expand(
        [("train",), ("inference",), ("train", "evaluate"), ("train", "synthesis", "evaluate")]
        + [("train", "evaluate", "systems/unet"), ("inference", "systems/unet3plus_resnet101")]
    )
    def test_documented_orders_are_taken_without_metadata(self, *names: str) -> None:
        initialize(*(CONFIGS / f"{name}.json" for name in names))

    def test_a_program_gets_an_exception(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with self.assertRaises(Exception) as raised:  # no SystemExit, which is no Exception
                create_workflow(config_file=str(CONFIGS / "evaluate.json"), workflow_type="infer", logging_file=False)
        self.assertIsInstance(root_cause(raised.exception), InputError)

    def test_command_ends_with_the_sentence(self) -> None:
        with self.assertLogs("monai_unet3plus.utils.command", "ERROR") as logged:
            with self.assertRaises(SystemExit) as raised, as_command():
                initialize(CONFIGS / "evaluate.json")
        self.assertEqual(raised.exception.code, 1)
        self.assertIn("config_file: expected evaluate.json after", logged.records[-1].getMessage())


class TestCheckConfigOrder(unittest.TestCase):
    def test_order_of_names_is_that_of_configs(self) -> None:
        right = {"torch": unittest, "train_json": FIRST, "evaluate_json": AFTER_TRAIN, "more_json": AFTER_EVALUATE}
        check_config_order(right)
        for wrong in (["evaluate_json"], ["evaluate_json", "train_json"], ["train_json", "more_json", "evaluate_json"]):
            with self.assertRaisesRegex(InputError, "config_file"):
                check_config_order({name: right[name] for name in wrong})


if __name__ == "__main__":
    unittest.main()
