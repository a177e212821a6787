# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.bundle.variables, and that every config has its variables checked."""

from __future__ import annotations

import re
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigParser
from parameterized import parameterized

from monai_unet3plus.bundle.variables import check_variables
from monai_unet3plus.utils.errors import InputError, root_cause
from tests.bundle.workflows import BUNDLE, inference, training

WRONG = [
    ("resume", "false", "resume: expected True or False, but found the text 'false'. Write False."),
    ("resume", "TRUE", "Write True."),
    ("strict", 0, "strict: expected True or False, but found 0."),
    ("datalist_file", "none", "datalist_file: expected a path or None, but found the text 'none'. Write None."),
    ("pixel_size", "null", "pixel_size: expected a number of mm above 0, or None, .* Write None."),
    ("pixel_size", 0, "pixel_size: expected a number of mm above 0"),
    ("dataset_dir", 20240105, "but found 20240105. If that is a name, write --dataset_dir ./NAME."),
    ("output_dir", 1e5, "output_dir: expected a path, but found 100000.0. If that is a name"),
    ("output_dir", ("a", "b"), "output_dir: expected a path, but found .'a', 'b'.. If that is a name"),
    ("output_dir", None, "output_dir: expected a path, but found None"),
    ("ckpt_dir", "", "ckpt_dir: expected a path, but found the text ''"),
    (
        "output_dir",
        "~/masks",
        "output_dir: expected a path, but found the text '~/masks'. Write the home folder in full.",
    ),
    ("output_postfix", 1, "but found 1. Put it in quotes twice."),
    ("output_postfix", "a/b", "output_postfix: expected a part of a file's name, but found the text 'a/b'"),
    ("organs", "liver", "organs: expected label values of 1 or more for each organ.*but found the text 'liver'"),
    ("organs", ["liver"], "organs: expected label values"),
    ("organs", {}, "organs: expected label values"),
    ("organs", {"liver": True}, "organs: expected label values"),
    ("organs", {"liver": 0}, "organs: expected label values"),
    ("organs", {"liver": []}, "organs: expected label values"),
    ("organs", {"liver": [1, 2], "spleen": 2}, "organs: expected .*none of them twice"),
    ("organs", {1: 1}, "organs: expected label values"),
    ("finetune_organs", "liver", "finetune_organs: expected a list of names or None"),
    ("epochs", 2.0, "epochs: expected a whole number of 1 or more, but found 2.0"),
    ("epochs", True, "epochs: expected a whole number of 1 or more, but found True"),
    ("num_workers", -1, "num_workers: expected a whole number of 0 or more"),
    ("learning_rate", "1e-3x", "learning_rate: expected a number of 0 or more"),
    ("learning_rate", float("nan"), "learning_rate: expected a number of 0 or more"),
    ("num_slices", 2, "num_slices: expected an odd number"),
    ("num_slices", -3, "num_slices: expected an odd number"),
    ("window", [250, -200], "window: expected the lower and the upper end in Hounsfield units"),
    ("window", 100, "window: expected the lower and the upper end in Hounsfield units"),
    ("window", "-200,250", "window: expected the lower and the upper end in Hounsfield units"),
    ("split", "Random", "split: expected one of 'random', 'lits', 'fold', 'all', 'none', but found the text 'Random'"),
    ("device", "cuda:99", "device: expected a device of this machine, such as cpu or cuda:0, but found .*cuda:99"),
    ("device", "no_such_device", "device: expected a device of this machine"),
    ("overlap", 1, "overlap: expected a number from 0 to below 1"),
    ("roi_size", [256], "roi_size: expected two whole numbers of pixels"),
    ("volume_range_ml", {"liver": 5}, "volume_range_ml: expected"),
    *(
        ("shard", value, "shard: expected a shard and the number of shards, such as 3/8, or None, but found")
        for value in ("0/8", "9/8", "x", "03/8", "3/8/1", "3/-8", "1/8\n", "", 3, 0.375)
    ),
    ("shard", "none", "Write None."),
    ("timeout", 3600, "timeout: expected a datetime.timedelta"),
]
RIGHT: list[tuple[str, Any]] = [
    ("resume", False),
    ("datalist_file", None),
    ("datalist_file", Path("cases.json")),
    ("dataset_dir", Path("20240105")),
    ("output_dir", "none"),
    ("pixel_size", 1),
    ("organs", {"liver": [1, 2], "spleen": 3}),
    ("finetune_organs", ["liver"]),
    ("num_slices", 1),
    ("epochs", np.int64(3)),
    ("overlap", np.float32(0.5)),
    ("window", (-200.0, 250)),
    ("device", torch.device("cpu")),
    ("roi_size", [-1, -1]),
    ("roi_size", 256),
    ("volume_range_ml", {}),
    ("shard", "8/8"),
    ("shard", None),
]
CONFIGS = [
    ["inference"],
    ["inference", "inference_trt"],
    ["inference", "multi_gpu_inference"],
    ["train"],
    ["train", "synthesis"],
    ["train", "evaluate"],
    ["train", "multi_gpu_train"],
    ["train", "evaluate", "multi_gpu_evaluate"],
]


class TestCheckVariables(unittest.TestCase):
    @parameterized.expand(WRONG)
    def test_refuses(self, name: str, value: Any, sentence: str) -> None:
        with self.assertRaisesRegex(InputError, sentence):
            check_variables(seed=1, **{name: value})

    @parameterized.expand(RIGHT)
    def test_takes(self, name: str, value: Any) -> None:
        check_variables(**{name: value})

    def test_names_all_that_are_wrong(self) -> None:
        with self.assertRaisesRegex(InputError, "epochs: .* strict: "):
            check_variables(epochs=0, seed=1, strict="no")


class TestConfigs(unittest.TestCase):
    @parameterized.expand(CONFIGS)
    def test_default_values_pass(self, *configs: str) -> None:
        parser = ConfigParser()
        parser.read_config([str(BUNDLE / "configs" / f"{name}.json") for name in configs])
        if "multi_gpu" in configs[-1]:
            parser["device"] = "cpu"
        if configs[-1] == "multi_gpu_inference":
            parser["shard"] = "1/2"
        parser.get_parsed_content("variables")

    @parameterized.expand(
        [
            ("inference", "keep_largest", "false"),
            ("inference", "device", "no_such_device"),
            ("inference", "bundle_root", 20240105),
            ("train", "resume", "false"),
            ("train", "epochs", "ten"),
            ("train", "pixel_size", "none"),
        ]
    )
    def test_a_run_with_a_wrong_one_ends_in_a_sentence_before_anything_is_built(
        self, config: str, name: str, value: Any
    ) -> None:
        workflow = (inference if config == "inference" else training)(Path("data"), Path("out"), checkpoint="x")
        workflow.parser[name] = value
        with self.assertRaises(RuntimeError) as raised:
            workflow.initialize()
        sentence = f"{name}: expected .* but found .*{re.escape(str(value))}"
        self.assertRegex(str(root_cause(raised.exception)), sentence)

    @parameterized.expand(
        [
            ("inference", "preprocessing"),
            ("inference", "evaluator"),
            ("train", "train#trainer"),
            ("train", "validate#evaluator"),
        ]
    )
    def test_so_does_a_host_that_builds_the_parts_that_it_needs(self, config: str, part: str) -> None:
        parser = ConfigParser()
        parser.read_config(str(BUNDLE / "configs" / f"{config}.json"))
        parser["amp"] = "false"
        with self.assertRaises(RuntimeError) as raised:
            parser.get_parsed_content(part)
        self.assertRegex(str(root_cause(raised.exception)), "amp: expected True or False")

    @parameterized.expand(
        [
            ("inference", "keep_largest", "postprocessing#transforms#0"),
            ("inference", "dicom_seg", "postprocessing#transforms#4"),
        ]
    )
    def test_a_step_is_left_out_whatever_is_not_true(self, config: str, name: str, part: str) -> None:
        parser = ConfigParser()
        parser.read_config(str(BUNDLE / "configs" / f"{config}.json"))
        for value, disabled in ((True, False), (False, True), ("false", True)):
            parser[name] = value
            self.assertEqual(parser.get_parsed_content(f"{part}#_disabled_"), disabled)


if __name__ == "__main__":
    unittest.main()
