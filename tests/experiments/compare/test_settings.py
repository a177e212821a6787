# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from monai_unet3plus.experiments.compare.settings import Settings, read_settings
from monai_unet3plus.utils.errors import InputError
from tests.bundle.workflows import BUNDLE, ROOT
from tests.experiments.compare.comparisons import small_settings


class TestSettings(unittest.TestCase):
    def read(self, **changed: Any) -> Settings:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "settings.json"
            path.write_text(json.dumps({**vars(small_settings()), **changed}))
            return read_settings(path)

    def test_what_is_read_is_what_was_written(self) -> None:
        settings = self.read()
        self.assertEqual(settings, small_settings())
        self.assertEqual((settings.levels, settings.patient("d")), (30, "3"))
        self.assertEqual(settings.splits, (["a"], ["b"], ["c", "d", "e"]))

    def test_wrong_settings_are_named(self) -> None:
        with self.assertRaisesRegex(InputError, "typo"):
            self.read(typo=1)
        with self.assertRaisesRegex(InputError, r"\['3'\]"):
            self.read(training=small_settings().testing[:1])
        with self.assertRaisesRegex(InputError, "validation"):
            self.read(validation=["3"])
        with self.assertRaisesRegex(InputError, "nowhere.json"):
            read_settings(Path("nowhere.json"))

    def test_the_published_comparison_has_all_systems_and_the_papers_split(self) -> None:
        settings = read_settings(ROOT / "docs" / "comparison.json")
        self.assertEqual(set(settings.systems), {file.stem for file in (BUNDLE / "configs" / "systems").glob("*")})
        numbers = [
            {int(case["image"].split("/")[0][-3:]) for case in cases} for cases in (settings.training, settings.testing)
        ]
        self.assertGreaterEqual(min(numbers[0]), 28)
        self.assertLessEqual(max(numbers[1]), 27)


if __name__ == "__main__":
    unittest.main()
