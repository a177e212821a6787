# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from monai_unet3plus.experiments.compare import runs
from monai_unet3plus.experiments.compare.runs import Run, execute, prepare_data
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes


class TestPrepareData(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def test_test_cases_of_the_data_set_are_used(self) -> None:
        write_boxes(self.root, cases=2, test_cases=1)
        data = prepare_data(self.root, None, "auto", 5, self.root)
        self.assertEqual((data.overrides, list(data.folds)), ({"split": "all"}, [None]))

    def test_the_papers_split_of_lits(self) -> None:
        data = prepare_data(self.root, None, "lits", 5, self.root)
        self.assertEqual((data.overrides, list(data.folds)), ({"split": "lits"}, [None]))

    def test_else_each_case_is_in_one_fold(self) -> None:
        write_boxes(self.root / "data", cases=5, test_cases=0)
        data = prepare_data(self.root / "data", None, "auto", 2, self.root)
        listed = json.loads((self.root / "datalist.json").read_text(encoding="utf-8"))["training"]
        self.assertEqual(sorted(case["fold"] for case in listed), [0, 0, 0, 1, 1])
        self.assertEqual(list(data.folds), [0, 1])
        again = prepare_data(self.root / "data", None, "auto", 2, self.root)
        self.assertEqual(
            json.loads(Path(again.overrides["datalist_file"]).read_text(encoding="utf-8"))["training"], listed
        )

    def test_folds_of_a_list_are_kept(self) -> None:
        write_boxes(self.root, cases=2, test_cases=0)
        cases = [
            {"image": f"imagesTr/box_{k}.nii.gz", "label": f"labelsTr/box_{k}.nii.gz", "fold": 7 - k} for k in (0, 1)
        ]
        (self.root / "list.json").write_text(json.dumps({"training": cases}))
        data = prepare_data(self.root, self.root / "list.json", "auto", 5, self.root)
        self.assertEqual(list(data.folds), [6, 7])
        del cases[0]["fold"]
        (self.root / "list.json").write_text(json.dumps({"training": cases}))
        with self.assertRaisesRegex(ValueError, "1 have one"):
            prepare_data(self.root, self.root / "list.json", "auto", 5, self.root)

    def test_too_many_folds_are_refused(self) -> None:
        write_boxes(self.root, cases=2, test_cases=0)
        with self.assertRaisesRegex(ValueError, "expected 2 to 2"):
            prepare_data(self.root, None, "fold", 3, self.root)
        with self.assertRaises(InputError):
            prepare_data(self.root / "nothing", None, "fold", 3, self.root)


class TestExecute(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def execute(self, todo: list[Run], devices: list[str], trained: Any) -> list[Run]:
        def evaluated(bundle: Path, configs: Any, overrides: Any, environment: Any, log: Path) -> None:
            Path(overrides["output_dir"]).mkdir(parents=True)
            (Path(overrides["output_dir"]) / "cases.csv").touch()

        with mock.patch.object(runs, "train_bundle", trained), mock.patch.object(runs, "run_bundle", evaluated):
            return execute(todo, Path("bundle"), [Path("extra.json")], {"epochs": 3}, self.root, devices)

    def test_a_run_that_fails_is_named_and_the_others_go_on(self) -> None:
        def trained(bundle: Path, configs: Any, models: Path, overrides: Any, *_: Any) -> Path:
            if overrides["seed"] == 1:
                raise SystemExit(1)
            return models / "model_last.pt"

        todo = [Run("unet", 1, None), Run("unet", 2, None)]
        self.assertEqual(self.execute(todo, ["cpu"], trained), todo[:1])
        self.assertFalse((self.root / "unet" / "seed_1" / "evaluation").exists())
        self.assertTrue((self.root / "unet" / "seed_2" / "evaluation" / "cases.csv").is_file())

    def test_what_is_done_is_not_done_again_and_settings_reach_the_bundle(self) -> None:
        seen = []

        def trained(bundle: Path, configs: Any, models: Path, overrides: Any, *_: Any) -> Path:
            seen.append((configs, overrides))
            return models / "model_last.pt"

        todo = [Run("unet", 4, 2)]
        for _ in range(2):
            self.assertEqual(self.execute(todo, ["cuda:1"], trained), [])
        [(configs, overrides)] = seen
        self.assertEqual([file.name for file in configs], ["train.json", "extra.json", "unet.json"])
        self.assertEqual([overrides[name] for name in ("device", "seed", "fold", "epochs")], ["cuda:1", 4, 2, 3])

    def test_each_device_has_one_run_at_a_time(self) -> None:
        lock, both = threading.Lock(), threading.Barrier(2, timeout=30)
        busy: set[str] = set()

        def trained(bundle: Path, configs: Any, models: Path, overrides: Any, *_: Any) -> Path:
            device = overrides["device"]
            with lock:
                self.assertNotIn(device, busy)
                busy.add(device)
            both.wait()  # passes when both devices are at work
            with lock:
                busy.remove(device)
            return models / "model_last.pt"

        todo = [Run("unet", seed, None) for seed in range(4)]
        self.assertEqual(self.execute(todo, ["cuda:0", "cuda:1"], trained), [])


if __name__ == "__main__":
    unittest.main()
