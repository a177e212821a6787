# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.experiments.compare.cost import Cost
from monai_unet3plus.experiments.compare.pages import Result, write_page, write_table
from monai_unet3plus.experiments.compare.scores import OrganScores


def result(system: str, *dice: float) -> Result:
    scores = {"liver": OrganScores({1: {str(case): value for case, value in enumerate(dice)}}, {1: {"0": 0.125}})}
    return Result(system, "focal", 1_500_000, Cost(12.34, 5.0, 3 * 2**20), scores)


class TestPages(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "file"
        self.results = [result("unet", 0.8, 0.6), result("unet3plus", 0.9, 0.9), result("of_somebody", 0.1, 0.2)]

    def test_tables_are_the_papers_and_differences_are_to_unet3plus(self) -> None:
        write_page(self.results, ["liver", "spleen"], ["Settings."], ["- Note."], self.path)
        text = self.path.read_text(encoding="utf-8")
        unet = next(line for line in text.splitlines() if line.startswith("| UNet |"))
        self.assertEqual(
            unet,
            "| UNet | focal | 1.50 M | 12.3 | 5 | 3 MiB | 0.700 (-0.200, p 0.5) | 12.5% | not evaluated |  | 39.39 M "
            "| 0.9206 | 0.9023 |",
        )
        ours = next(line for line in text.splitlines() if line.startswith("| UNet 3+ |"))
        self.assertIn("| 0.900 |", ours)
        self.assertNotIn("Table 2", text)
        self.assertLess(text.index("does not have"), text.index("of_somebody"))
        self.assertIn("- Note.", text)

    def test_csv_has_a_row_per_system_and_organ(self) -> None:
        write_table(self.results, ["liver", "spleen"], 1, self.path)
        with self.path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(
            [(row["system"], row["organ"]) for row in rows],
            [("unet", "liver"), ("unet", "spleen"), ("unet3plus", "liver"), ("unet3plus", "spleen")],
        )
        self.assertEqual((rows[0]["dice"], rows[0]["dice_difference"]), ("0.7000", "-0.2000"))
        self.assertEqual((rows[0]["reference"], rows[0]["cases"], rows[0]["wilcoxon_p"]), ("unet3plus", "2", "0.5"))
        self.assertEqual((rows[1]["dice"], rows[1]["paper_dice"]), ("", "0.9023"))
        self.assertEqual((rows[2]["reference"], rows[2]["over_segmentation"]), ("", "0.1250"))


if __name__ == "__main__":
    unittest.main()
