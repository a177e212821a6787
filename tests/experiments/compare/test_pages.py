# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monai_unet3plus.experiments.compare.pages import write_pages
from monai_unet3plus.experiments.compare.training import Training
from tests.bundle.workflows import BUNDLE
from tests.experiments.compare.comparisons import made_up_records, small_settings

DICE = {"unet3plus": 0.7, "unet": 0.8, "unet3plus_no_ds": 0.65, "unet3plus_hybrid": 0.7, "unet3plus_cgm": 0.7}


class TestPages(unittest.TestCase):
    def page(
        self,
        systems: list[str],
        planned: tuple[str, ...] = (),
        change: Callable[[Training, dict[str, Any]], None] = lambda training, record: None,
    ) -> str:
        settings = small_settings(systems=systems)
        records = made_up_records(settings, DICE)
        for training, record in records.items():  # the third quarter of the training, then the last
            last = 0.84 if training.system == "unet" else 0.82
            change(training, record)
            record["curve"] = [[1, 0.1], [12, 0.78], [15, 0.82], [18, last - 0.02], [20, last + 0.02]]
        settings = small_settings(systems=[*systems, *planned])
        for training, record in records.items():
            if training.system == "unet3plus_cgm":
                record["ungated_cases"] = {name: {**case} for name, case in record["cases"].items()}
                for case in record["cases"].values():
                    case["over_segmented_slices"] = 1
        with tempfile.TemporaryDirectory() as folder:
            write_pages(settings, records, BUNDLE, Path(folder))
            self.assertEqual(
                {file.name for file in (Path(folder) / "images").iterdir()}, {"comparison.png", "comparison_curves.png"}
            )
            return (Path(folder) / "results.md").read_text(encoding="utf-8")

    def test_claims_that_were_not_found_are_named_first(self) -> None:
        page = self.page(list(DICE))
        _, count, claims, *_ = page.split("\n\n")
        self.assertIn("confirmed in 2 of them, no difference is shown in 2, and the opposite is found in 1", count)
        opposite, none, confirmed = claims.splitlines()
        self.assertEqual(opposite, "- **The opposite is found**: UNet 3+ better than UNet.")
        self.assertIn("No difference is shown**: UNet 3+, hybrid loss better than UNet 3+", none)
        self.assertRegex(confirmed, r"\*\*Confirmed\*\*: .*UNet 3\+ without deep supervision")
        self.assertRegex(confirmed, r"\*\*Confirmed\*\*: .*the module lowers over-segmentation, plain")
        self.assertIn("Over-segmented organ-free slices: 50.0% without the module, 25.0% with it", page)
        self.assertIn("| UNet | plain | -0.1000 | -0.1000 to -0.1000 | 0.0000 | +0.0344 |", page)

    def test_an_order_that_depends_on_the_learning_rate_is_named(self) -> None:
        def spoil(training: Training, record: dict[str, Any]) -> None:
            if training.system == "unet" and training.learning_rate == 0.01:
                for case in record["cases"].values():
                    case["dice"] -= 0.3

        self.assertNotIn("depends on the learning rate", self.page(["unet3plus", "unet"]))
        page = self.page(["unet3plus", "unet"], change=spoil)
        self.assertIn("depends on the learning rate in these comparisons: UNet, plain backbone.", page)
        self.assertIn("| -0.100 at 0.001, +0.200 at 0.01 |", page)

    def test_systems_that_are_not_trained_yet_are_named(self) -> None:
        self.assertIn("- Not trained yet: PSPNet; ", self.page(["unet"], ("pspnet", "unet_resnet101")))
        self.assertNotIn("Not trained yet", self.page(["unet"]))

    def test_tables_have_the_papers_figures_beside(self) -> None:
        page = self.page(["unet3plus", "unet"])
        row = next(line for line in page.splitlines() if line.startswith("| UNet | focal |"))
        cells = [cell.strip() for cell in row.split("|")]
        mean = (0.8 + 0.005 + 0.8 + 0.02) / 2 + 0.0015
        self.assertEqual(cells[5], f"{mean:.3f} ± 0.001")
        self.assertEqual(cells[7], "+0.100 (+0.100 to +0.100)")
        self.assertEqual(cells[8:12], ["50.0%", "10.0%", "39.39 M", "0.9206"])
        self.assertNotIn("Table 2", page)
        self.assertIn("Not run.", page)
        self.assertIn("Systems below 0.8: none.", page)
        self.assertIn("| UNet | 0.790 | 0.700 | 0.001 | 0.860 |", page)
        self.assertRegex(page, r"rose by more than 0\.03 [^:]*, so more steps may make them better: UNet\.")


if __name__ == "__main__":
    unittest.main()
