# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from monai_unet3plus.data.label_names import check_label_names
from monai_unet3plus.utils.errors import InputError

BOTH = {"liver": 1, "spleen": 2}
DECATHLON_LIVER = {"0": "background", "1": "liver", "2": "cancer"}


class TestCheckLabelNames(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, **content: object) -> None:
        (self.root / "dataset.json").write_text(json.dumps(content))

    @parameterized.expand(
        [
            ("decathlon", {"0": "background", "1": "Liver", "2": "spleen"}, BOTH),
            ("nnunet", {"background": 0, "liver": 1, "spleen": 2}, BOTH),
            ("nnunet_regions", {"background": 0, "liver": [1, 3], "spleen": [2]}, BOTH),
            ("tumour_is_liver", DECATHLON_LIVER, {"liver": [1, 2]}),
            ("value_without_a_name", {"1": "liver"}, {"liver": 1, "spleen": 7}),
            ("part_of_the_name", {"1": "liver parenchyma"}, {"liver": 1}),
        ]
    )
    def test_names_that_agree_pass(self, _: str, labels: dict, organs: dict) -> None:
        self.write(labels=labels)
        check_label_names(self.root, organs)

    @parameterized.expand(
        [
            ("tumour", DECATHLON_LIVER, "'spleen' is value 2.*cancer"),
            ("only_spleen", {"1": "spleen"}, "'liver'.*spleen"),
            ("exchanged", {"1": "kidney", "3": "liver"}, "'liver' is value 1.*kidney"),
        ]
    )
    def test_names_that_differ_are_refused(self, _: str, labels: dict, sentence: str) -> None:
        self.write(labels=labels)
        with self.assertRaisesRegex(InputError, sentence):
            check_label_names(self.root, BOTH)

    def test_names_that_say_nothing_are_warned_of(self) -> None:
        self.write(labels={"0": "background", "1": "class1"})
        with self.assertLogs("monai_unet3plus.data.label_names", "WARNING") as log:
            check_label_names(self.root, {"liver": 1})
        self.assertIn("calls it {1: 'class1'}. Is it the organ?", log.output[0])

    def test_lits_as_downloaded_has_no_spleen(self) -> None:
        (self.root / "batch 1").mkdir()
        (self.root / "batch 1" / "segmentation-0.nii").touch()
        with self.assertRaisesRegex(InputError, "'spleen' is value 2.*tumour"):
            check_label_names(self.root, BOTH)
        check_label_names(self.root, {"liver": [1, 2]})

    def test_data_sets_that_say_nothing_pass(self) -> None:
        check_label_names(self.root, BOTH)
        self.write(training=[])
        check_label_names(self.root, BOTH)
        (self.root / "dataset.json").write_text("[1, 2]")
        check_label_names(self.root, BOTH)


if __name__ == "__main__":
    unittest.main()
