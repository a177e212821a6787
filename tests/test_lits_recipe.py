# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/comparison.md, as far as it can be tried without the data."""

from __future__ import annotations

import csv
import gzip
import re
import tempfile
import unittest
from pathlib import Path

import torch

from monai_unet3plus.experiments.compare.cost import count_flops
from monai_unet3plus.networks.nets import UNet3Plus
from tests.bundle.workflows import ROOT, run, training
from tests.data_sets import write_boxes

PAGE = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")


class TestLitsRecipe(unittest.TestCase):
    def test_both_batches_as_downloaded_are_split_as_in_the_paper(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_boxes(root / "boxes", cases=4, test_cases=0)
            for box, (batch, number) in enumerate([(1, 0), (1, 27), (2, 28), (2, 130)]):
                for kind, name in (("images", "volume"), ("labels", "segmentation")):
                    target = root / "LITS" / f"Training Batch {batch}" / f"{name}-{number}.nii"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(
                        gzip.decompress((root / "boxes" / f"{kind}Tr" / f"box_{box}.nii.gz").read_bytes())
                    )
            options = {"split": "lits", "organs": {"liver": [1, 2]}}
            workflow = training(root / "LITS", root / "out", **options)
            run(workflow)
            trained = [Path(case["image"]).name for case in workflow.parser.get_parsed_content("train#dataset").data]
            self.assertEqual(trained, ["volume-28.nii", "volume-130.nii"])
            run(training(root / "LITS", root / "tested", "evaluate", ckpt_dir=str(root / "out" / "models"), **options))
            with (root / "tested" / "cases.csv").open() as file:
                tested = {Path(row["case"]).name for row in csv.DictReader(file)}
            self.assertEqual(tested, {"volume-0.nii", "volume-27.nii"})

    def test_work_is_as_counted(self) -> None:
        # Without numbers to compute with, the network takes the direct form, as on a GPU
        network = UNet3Plus(deep_supervision=True, classification_guided=True).to("meta").train()
        slabs = torch.empty(2, 3, 320, 320, device="meta")

        def step() -> None:
            outputs, presence = network(slabs)
            (sum(output.sum() for output in outputs) + presence.sum()).backward()

        gflop = count_flops(step) / len(slabs) / 1e9
        stated = [float(re.search(rf"([\d.]+) {unit}", PAGE).group(1)) for unit in ("GFLOP", "TFLOP", "PFLOP")]
        self.assertEqual(stated, [round(gflop), round(gflop * 412 / 1e3), round(gflop * 412 * 200 / 1e6)])


if __name__ == "__main__":
    unittest.main()
