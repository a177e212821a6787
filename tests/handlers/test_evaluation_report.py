# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import csv
import hashlib
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from ignite.engine import Events
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.handlers import EvaluationPictures, EvaluationReport, PresenceVerdicts
from tests.handlers.evaluations import ORGANS, SPACING, Finder, GuidedFinder, evaluator, write_case
from tests.processes import run_in_processes

LOGGER = "monai_unet3plus.handlers.evaluation_report"
VOXEL_ML = np.prod(SPACING) / 1000


def volumes(shift: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Liver in slices 2 to 5, found that many slices too high; spleen in slices 3 to 5, found as it is."""
    image, label = np.zeros((2, 12, 10, 9), np.uint8)
    label[6:10, 3:8, 2:6] = 1
    image[6:10, 3:8, 2 + shift : 6 + shift] = 1
    image[1:4, 2:5, 3:6] = label[1:4, 2:5, 3:6] = 2
    return image, label


def rows_of(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    with (folder / "cases.csv").open() as file:
        return {(row["case"], row["organ"]): row for row in csv.DictReader(file)}


def evaluate_shares(lists: list[list[dict[str, str]]], data: Path, out: Path) -> list[int]:
    iterations = []
    for cases in lists:
        report = EvaluationReport(out / f"{len(cases)}_from_rank_{dist.get_rank()}", ORGANS, data)
        engine = evaluator(cases, [report], distributed=True)
        engine.run()
        iterations.append(engine.state.iteration)
    return iterations


class TestEvaluationReport(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data, self.out = Path(folder.name) / "data", Path(folder.name) / "out"

    def report(self) -> EvaluationReport:
        return EvaluationReport(self.out, ORGANS, self.data)

    def write(self, count: int) -> list[dict[str, str]]:
        return [write_case(self.data, f"case_{n}.nii.gz", *volumes(n), codes="LPS") for n in range(count)]

    def summary(self) -> dict:
        return json.loads((self.out / "summary.json").read_text(encoding="utf-8"))["organs"]

    @parameterized.expand([("RAS",), ("LPS",), ("SPR",), ("PIR",)])
    def test_values_are_in_mm_and_ml_however_the_file_is_stored(self, codes: str) -> None:
        evaluator([write_case(self.data, "a.nii.gz", *volumes(), codes)], [self.report()]).run()
        rows = rows_of(self.out)
        self.assertEqual(list(rows), [("imagesTs/a.nii.gz", "liver"), ("imagesTs/a.nii.gz", "spleen")])
        liver, spleen = rows.values()
        self.assertAlmostEqual(float(liver["dice"]), 0.75)
        self.assertAlmostEqual(float(liver["hausdorff_distance_95_mm"]), 5.0)
        self.assertAlmostEqual(float(liver["volume_error_ml"]), 0.0)
        self.assertAlmostEqual(float(liver["truth_ml"]), 80 * VOXEL_ML, places=5)
        self.assertAlmostEqual(float(liver["over_segmentation"]), 1 / 5)  # slice 6 of 0, 1, 6, 7, 8
        self.assertLess(float(liver["surface_dice_2mm"]), 0.9)
        self.assertEqual(
            [spleen["dice"], spleen["hausdorff_distance_95_mm"], spleen["surface_dice_2mm"]], ["1", "0", "1"]
        )
        self.assertEqual({row["presence_accuracy"] for row in rows.values()}, {""})

    @parameterized.expand([("LPS",), ("SPR",)])
    def test_presence_is_judged_from_the_verdicts_slice_by_slice(self, codes: str) -> None:
        image, label = volumes()
        image[0, 0, [2, 3, 8]] = 11  # liver, which is in 2 to 5: right but for 4, 5 and 8
        case = write_case(self.data, "a.nii.gz", image, label, codes)
        with self.assertLogs(LOGGER) as log:
            evaluator([case], [PresenceVerdicts(), self.report()], GuidedFinder()).run()
        self.assertIn("presence accuracy 66.7%;", log.output[0])
        liver, spleen = rows_of(self.out).values()
        self.assertAlmostEqual(float(liver["presence_accuracy"]), 6 / 9, places=5)
        self.assertAlmostEqual(float(spleen["presence_accuracy"]), 6 / 9, places=5)  # never seen, in 3 slices
        self.assertEqual(float(spleen["prediction_ml"]), 0.0)
        self.assertAlmostEqual(self.summary()["liver"]["metrics"]["presence_accuracy"]["mean"], 6 / 9)

    def test_empty_masks_are_counted_and_named(self) -> None:
        image, label = volumes(0)
        cases = [
            write_case(self.data, "good.nii.gz", image, label),
            write_case(self.data, "missed.nii.gz", image * (image != 1), label),
            write_case(self.data, "invented.nii.gz", image, label * (label != 1)),
            write_case(self.data, "without.nii.gz", image * (image != 1), label * (label != 1)),
        ]
        with self.assertLogs(LOGGER) as log:
            evaluator(cases, [self.report()]).run()
        rows, liver = rows_of(self.out), self.summary()["liver"]
        self.assertEqual(rows["imagesTs/missed.nii.gz", "liver"]["hausdorff_distance_95_mm"], "nan")
        self.assertEqual(rows["imagesTs/missed.nii.gz", "liver"]["dice"], "0")
        self.assertEqual(rows["imagesTs/without.nii.gz", "liver"]["hausdorff_distance_95_mm"], "0")
        self.assertEqual(liver["empty_predictions"], ["imagesTs/missed.nii.gz", "imagesTs/without.nii.gz"])
        self.assertEqual(liver["empty_truths"], ["imagesTs/invented.nii.gz", "imagesTs/without.nii.gz"])
        self.assertEqual(
            (liver["metrics"]["hausdorff_distance_95_mm"]["undefined"], liver["metrics"]["dice"]["mean"]), (2, 0.5)
        )
        self.assertRegex(
            log.output[0], r"liver: Dice 0\.500 ± 0\.577, .*worst imagesTs/invented.nii.gz \(Dice 0\.000\)"
        )
        self.assertIn("nothing predicted in 2: imagesTs/missed.nii.gz", log.output[0])
        self.assertIn("spleen: Dice 1.000", log.output[1])

    def test_organ_that_is_not_annotated_has_no_row(self) -> None:
        image, label = volumes()
        other = label.copy()
        other[0, 0, 0] = 255
        evaluator(
            [write_case(self.data, "a.nii.gz", image, label), write_case(self.data, "b.nii.gz", image, other)],
            [self.report()],
        ).run()
        self.assertEqual(
            [(Path(case).name, organ) for case, organ in rows_of(self.out)],
            [("a.nii.gz", "liver"), ("a.nii.gz", "spleen"), ("b.nii.gz", "liver")],
        )
        self.assertEqual([self.summary()[organ]["cases"] for organ in ORGANS], [2, 1])

    def test_summary_table_holds_what_the_json_file_does(self) -> None:
        evaluator(self.write(3), [self.report()]).run()
        with (self.out / "summary.csv").open() as file:
            table = {(row["organ"], row["metric"]): row for row in csv.DictReader(file)}
        for organ, summary in self.summary().items():
            for metric, values in summary["metrics"].items():
                row = table[organ, metric]
                self.assertEqual((int(row["n"]), int(row["undefined"])), (values["n"], values["undefined"]))
                for name in ("mean", "std", "median", "min", "max"):
                    if values[name] is None:
                        self.assertEqual(row[name], "")
                    else:
                        self.assertAlmostEqual(float(row[name]), values[name], places=4)

    def test_second_run_starts_anew(self) -> None:
        cases, report = self.write(2), self.report()
        for count in (2, 1):
            evaluator(cases[:count], [report]).run()
            self.assertEqual(self.summary()["liver"]["cases"], count)

    def test_page_has_the_scores_and_the_pictures(self) -> None:
        weights = self.out / "model.pt"
        self.out.mkdir()
        weights.write_bytes(b"weights")
        metadata = {"weights": {"sha256": hashlib.sha256(b"weights").hexdigest(), "warning": "four small CTs"}}
        report = EvaluationReport(
            self.out, ORGANS, self.data, weights=weights, settings={"amp": False}, metadata=metadata
        )
        cases = [*self.write(1), write_case(self.data, "high.nii.gz", *volumes(3))]
        engine = evaluator(cases, [EvaluationPictures(self.out, ORGANS, self.data), report])
        engine.add_event_handler(Events.ITERATION_COMPLETED, lambda: weights.write_bytes(b"of a training meanwhile"))
        engine.run()
        page = (self.out / "report.html").read_text(encoding="utf-8")
        texts = ["<b>2</b> evaluated", "four small CTs", metadata["weights"]["sha256"], "border (head)"]
        for name in ("case_0", "high"):
            picture = (self.out / f"{name}_differences.webp").read_bytes()
            texts.append(base64.b64encode(picture).decode())
        self.assertEqual([text for text in texts if text not in page], [])

    def test_page_shows_what_was_done_when_the_run_ends_early(self) -> None:
        class Interrupting(Finder):
            calls = 0

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                self.calls += 1
                if self.calls > 9:  # of as many slices
                    raise KeyboardInterrupt
                return super().forward(x)

        with self.assertRaises(KeyboardInterrupt):
            evaluator(self.write(3), [self.report()], Interrupting()).run()
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertIn("<b>1</b> evaluated", page)
        self.assertIn("<b>2</b> not evaluated", page)
        self.assertFalse((self.out / "cases.csv").exists())

    def test_case_of_another_folder_keeps_its_path(self) -> None:
        evaluator(self.write(1), [EvaluationReport(self.out, ORGANS, self.out / "elsewhere")]).run()
        self.assertEqual(next(iter(rows_of(self.out)))[0], str((self.data / "imagesTs" / "case_0.nii.gz").absolute()))

    def test_processes_write_one_report_in_which_every_case_counts_once(self) -> None:
        lists = [self.write(3), self.write(1)]  # an odd number, and fewer than processes
        self.assertEqual(run_in_processes(evaluate_shares, lists, self.data, self.out), [[2, 1], [2, 1]])
        for cases in lists:
            evaluator(cases, [self.report()]).run()
            for name in ("cases.csv", "summary.csv", "summary.json"):
                together = self.out / f"{len(cases)}_from_rank_0" / name
                self.assertEqual(together.read_text(encoding="utf-8"), (self.out / name).read_text())
            self.assertFalse((self.out / f"{len(cases)}_from_rank_1").exists())

    def test_items_that_do_not_fit_are_refused(self) -> None:
        image, mask = MetaTensor(np.zeros((1, 4, 4, 4))), MetaTensor(np.zeros((2, 4, 4, 4)))
        engine = evaluator([], [])
        report = EvaluationReport(self.out, ORGANS, self.data)
        for sentence, pred, label in (
            ("a MetaTensor", mask.as_tensor(), mask),
            ("a mask for each of", mask[:1], mask),
            ("on one grid", mask, MetaTensor(np.zeros((2, 4, 4, 5)))),
            ("on one grid", mask, MetaTensor(np.zeros((2, 4, 4, 4)), affine=np.diag([1, 1, 2, 1]))),
        ):
            engine.state.output = [{"image": image, "pred": pred, "label": label}]
            with self.assertRaisesRegex(ValueError, sentence):
                report._measure(engine)


if __name__ == "__main__":
    unittest.main()
