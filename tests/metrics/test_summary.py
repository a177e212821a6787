# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
import unittest

import numpy as np

from monai_unet3plus.metrics import organ_scores, summarize

NAN = float("nan")


def scores(
    dice: float, distance: float = 1.0, truth: float = 10.0, prediction: float = 10.0
) -> dict[str, float | None]:
    values = {"dice": dice, "hausdorff_distance_95_mm": distance, "truth_ml": truth, "prediction_ml": prediction}
    return {**values, "presence_accuracy": None}


class TestSummarize(unittest.TestCase):
    def test_statistics_by_hand(self) -> None:
        summary = summarize({"a": scores(0.5), "b": scores(0.9), "c": scores(1.0), "d": scores(0.8)})
        dice = summary["metrics"]["dice"]
        self.assertEqual((dice["n"], dice["undefined"], dice["min"], dice["max"]), (4, 0, 0.5, 1.0))
        self.assertAlmostEqual(dice["mean"], 0.8)
        self.assertAlmostEqual(dice["median"], 0.85)
        self.assertAlmostEqual(dice["std"], math.sqrt((0.09 + 0.01 + 0.04 + 0.0) / 3))
        self.assertEqual((summary["cases"], summary["worst_case"]), (4, "a"))

    def test_cases_without_a_defined_distance_are_left_out_and_named(self) -> None:
        missed, invented = scores(0.0, NAN, prediction=0.0), scores(0.0, NAN, truth=0.0, prediction=12.0)
        summary = summarize({"good": scores(0.9, 2.0), "missed": missed, "invented": invented, "bad": scores(0.4, 8.0)})
        distance = summary["metrics"]["hausdorff_distance_95_mm"]
        self.assertEqual((distance["n"], distance["undefined"], distance["mean"], distance["max"]), (2, 2, 5.0, 8.0))
        self.assertEqual((summary["empty_truths"], summary["empty_predictions"]), (["invented"], ["missed"]))
        self.assertEqual(summary["worst_case"], "invented")  # of two with Dice 0 the larger

    def test_what_was_not_measured_has_no_statistics(self) -> None:
        presence = summarize({"a": scores(0.5)})["metrics"]["presence_accuracy"]
        self.assertEqual((presence["n"], presence["undefined"], presence["mean"]), (0, 0, None))

    def test_one_case_has_no_deviation_and_none_no_statistics(self) -> None:
        self.assertIsNone(summarize({"a": scores(0.5)})["metrics"]["dice"]["std"])
        self.assertEqual(
            summarize({}), {"cases": 0, "empty_truths": [], "empty_predictions": [], "worst_case": None, "metrics": {}}
        )

    def test_summary_is_valid_json(self) -> None:
        json.dumps(summarize({"a": scores(0.0, NAN)}), allow_nan=False)


class TestOrganScores(unittest.TestCase):
    def test_every_metric_has_its_name(self) -> None:
        truth, prediction = np.zeros((2, 10, 10, 8), np.uint8)
        truth[2:8, 2:8, 2:5] = 1  # 108 voxels of 10 mm^3
        prediction[2:8, 2:8, 2:6] = 1
        margins = np.array([-1, -1, 1, 1, 1, 1, -1, -1])
        values = organ_scores(prediction, truth, (1.0, 2.0, 5.0), margins, tolerance_mm=5.0)
        self.assertEqual(values["surface_dice_5mm"], 1.0)
        self.assertEqual(values["hausdorff_distance_95_mm"], 5.0)
        expected = {"dice": 6 / 7, "truth_ml": 1.08, "prediction_ml": 1.44, "volume_error_ml": 0.36}
        for name, value in {**expected, "over_segmentation": 1 / 5, "presence_accuracy": 7 / 8}.items():
            self.assertAlmostEqual(values[name], value, msg=name)

    def test_without_a_classifier_presence_is_not_measured(self) -> None:
        empty = np.zeros((3, 3, 3), np.uint8)
        self.assertIsNone(organ_scores(empty, empty, (1, 1, 1))["presence_accuracy"])


if __name__ == "__main__":
    unittest.main()
