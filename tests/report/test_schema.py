# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from monai_unet3plus.metrics import summarize
from monai_unet3plus.report.schema import read_cases, read_summary, write_cases, write_summary
from monai_unet3plus.utils.errors import InputError

METRICS = ["dice", "truth_ml", "prediction_ml", "presence_accuracy"]
CASES: dict[str, dict[str, dict[str, float | None]]] = {
    'a "quoted", name.nii.gz': {"left kidney": dict(zip(METRICS, (0.125, 10.0, 12.5, None)))},
    "b": {
        "left kidney": dict(zip(METRICS, (math.nan, 0.0, 0.0, 0.5))),
        "liver": dict(zip(METRICS, (1.0, 2.0, 2.0, 1))),
    },
}


class TestSchema(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_cases_are_read_as_they_were_written(self) -> None:
        write_cases(self.folder / "cases.csv", CASES, METRICS)
        found = read_cases(self.folder / "cases.csv")
        self.assertEqual(repr(found), repr({case: {o: _floats(s) for o, s in c.items()} for case, c in CASES.items()}))

    def test_summary_is_read_as_it_was_written(self) -> None:
        summaries = {organ: summarize({case: c[organ] for case, c in CASES.items() if organ in c}) for organ in ORGANS}
        write_summary(self.folder, summaries, 2.0)
        self.assertEqual(read_summary(self.folder / "summary.json"), summaries)

    @parameterized.expand([("{",), ("[]",), ('{"liver": 1}',), ('{"organs": {"liver": {"cases": 1}}}',), (None,)])
    def test_another_file_is_refused(self, content: str | None) -> None:
        file = self.folder / "summary.json"
        if content is not None:
            file.write_text(content)
        with self.assertRaisesRegex(InputError, "summary.json: expected the summary.json of an evaluation"):
            read_summary(file)


ORGANS = ("left kidney", "liver")


def _floats(scores: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in scores.items()}


if __name__ == "__main__":
    unittest.main()
