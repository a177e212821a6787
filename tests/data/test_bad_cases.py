# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from monai.data import Dataset
from monai.transforms import LoadImaged

from monai_unet3plus.data.bad_cases import drop_bad_cases
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes


class TestDropBadCases(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        write_boxes(Path(folder.name), cases=2, test_cases=0)
        self.cases = [
            {key: str(Path(folder.name) / f"{key}sTr" / f"box_{index}.nii.gz") for key in ("image", "label")}
            for index in range(2)
        ]

    def test_good_cases_stay(self) -> None:
        dataset = Dataset(self.cases, LoadImaged(["image", "label"]))
        drop_bad_cases(dataset, strict=True)
        self.assertEqual(dataset.data, self.cases)

    def test_bad_ones_are_named_and_dropped_or_an_error(self) -> None:
        Path(self.cases[0]["label"]).write_text("no label map")
        dataset = Dataset(self.cases, LoadImaged(["image", "label"]))
        with self.assertLogs("monai_unet3plus.data.bad_cases", "ERROR") as log:
            with self.assertRaisesRegex(InputError, "strict: .*1 of 2 can't"):
                drop_bad_cases(dataset, strict=True)
            drop_bad_cases(dataset)
        self.assertEqual(dataset.data, self.cases[1:])
        self.assertIn(
            f"left out: {self.cases[0]['image']}: {self.cases[0]['label']}: expected a whole gzip", log.output[1]
        )

    def test_none_left_is_an_error(self) -> None:
        for case in self.cases:
            Path(case["image"]).write_bytes(b"")
        with self.assertRaisesRegex(InputError, "none of 2 can; .*box_0.nii.gz: expected a volume, but the file is"):
            drop_bad_cases(Dataset(self.cases, LoadImaged(["image", "label"])))


if __name__ == "__main__":
    unittest.main()
