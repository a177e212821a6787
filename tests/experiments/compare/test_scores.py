# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.experiments.compare.scores import OrganScores, compare_cases, read_scores

HEADER = "case,organ,dice,over_segmentation"


def of_cases(*dice: float) -> OrganScores:
    return OrganScores({1: {f"case_{number}": value for number, value in enumerate(dice)}}, {})


class TestReadScores(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def file(self, name: str, *rows: str) -> Path:
        path = self.root / name
        path.write_text("\n".join([HEADER, *rows]))
        return path

    def test_means_are_over_cases_then_seeds(self) -> None:
        first = self.file("1.csv", "a,liver,0.9,0.5", "b,liver,0.7,nan", "a,spleen,nan,0")
        second = self.file("2.csv", "a,liver,0.6,0", "b,liver,0.6,")
        found = read_scores([(1, first), (2, second)])
        self.assertEqual(list(found), ["liver"], "a spleen that is neither there nor found has no Dice")
        liver = found["liver"]
        self.assertAlmostEqual(liver.mean_dice, 0.7)
        self.assertAlmostEqual(liver.spread_over_seeds, (0.1**2 + 0.1**2) ** 0.5)
        self.assertAlmostEqual(liver.mean_over_segmentation, 0.25)
        self.assertEqual(
            {case: round(value, 6) for case, value in liver.dice_of_cases().items()}, {"a": 0.75, "b": 0.65}
        )

    def test_folds_of_a_seed_are_one_set_of_cases(self) -> None:
        folds = [(1, self.file("f0.csv", "a,liver,1,")), (1, self.file("f1.csv", "b,liver,0.5,"))]
        liver = read_scores(folds)["liver"]
        self.assertAlmostEqual(liver.mean_dice, 0.75)
        self.assertIsNone(liver.spread_over_seeds)
        self.assertIsNone(liver.mean_over_segmentation)


class TestCompareCases(unittest.TestCase):
    def test_p_is_that_of_the_exact_test(self) -> None:
        # Five differences of one sign: 2 of the 2 ** 5 equally likely patterns of signs are as extreme.
        difference = compare_cases(of_cases(0.51, 0.62, 0.73, 0.84, 0.95), of_cases(0.5, 0.6, 0.7, 0.8, 0.9))
        self.assertAlmostEqual(difference.p, 2 / 2**5)
        self.assertAlmostEqual(difference.mean, 0.03)
        self.assertEqual(difference.cases, 5)

    def test_equal_systems_have_no_p(self) -> None:
        self.assertIsNone(compare_cases(of_cases(0.5, 0.6), of_cases(0.5, 0.6)).p)

    def test_other_cases_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "case_1"):
            compare_cases(of_cases(0.5, 0.6), of_cases(0.5))


if __name__ == "__main__":
    unittest.main()
