# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np

from monai_unet3plus.experiments.compare.statistics import Scores, bootstrap, compare_patients

PATIENT_OF = {"a": "1", "b": "1", "c": "2"}


def scores(*seeds: tuple[float, float, float]) -> Scores:
    cases = {seed: {name: {"dice": d} for name, d in zip("abc", dice)} for seed, dice in enumerate(seeds)}
    return Scores.from_cases(cases, PATIENT_OF)


class TestStatistics(unittest.TestCase):
    def test_scans_of_a_patient_count_as_one(self) -> None:
        found = scores((0.6, 0.8, 0.9), (0.8, 0.8, 0.9))
        np.testing.assert_allclose(found.seeds, [0.8, 0.85])
        self.assertAlmostEqual(found.mean, 0.825)
        self.assertAlmostEqual(found.spread, np.std([0.8, 0.85], ddof=1))
        self.assertIsNone(scores((0.1, 0.2, 0.3)).spread)

    def test_shares_leave_out_cases_without_such_slices(self) -> None:
        cases = {1: {"a": {"wrong": 1, "all": 4}, "b": {"wrong": 0, "all": 0}, "c": {"wrong": 3, "all": 4}}}
        self.assertEqual(Scores.from_cases(cases, PATIENT_OF, "wrong", "all").patients, {1: {"1": 0.25, "2": 0.75}})

    def test_differences_are_paired_by_patient_and_seed(self) -> None:
        difference = compare_patients(
            scores((0.7, 0.7, 0.9), (0.8, 0.8, 0.9)), scores((0.6, 0.6, 0.5), (0.7, 0.7, 0.5))
        )
        self.assertAlmostEqual(difference.mean, (0.1 + 0.4) / 2)
        self.assertAlmostEqual(difference.spread, 0)
        self.assertEqual((difference.patients, difference.verdict), (2, 1))
        self.assertEqual(compare_patients(scores((0.6, 0.6, 0.5)), scores((0.7, 0.7, 0.8))).verdict, -1)
        self.assertEqual(compare_patients(scores((0.6, 0.6, 0.5)), scores((0.7, 0.7, 0.3))).verdict, 0)
        with self.assertRaisesRegex(ValueError, "common seed"):
            compare_patients(Scores({1: {"1": 0.5}}), Scores({2: {"1": 0.5}}))

    def test_the_interval_is_that_of_the_mean(self) -> None:
        values = np.random.default_rng(1).normal(0.5, 0.1, 400)
        low, high = bootstrap([values])
        half = 1.96 * values.std() / 20  # the normal approximation, good for 400 values
        np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=0.001)

    def test_a_difference_of_one_seed_alone_is_not_certain(self) -> None:
        rng = np.random.default_rng(2)
        patients, seeds = rng.normal(0.0, 0.1, 400), rng.normal(0.0, 0.2, 100)
        values = 0.5 + seeds[:, None] + patients
        low, high = bootstrap(values.tolist())
        half = 1.96 * np.sqrt(patients.var() / 400 + seeds.var() / 100)  # the normal approximation of two-way samples
        np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=0.004)
        even, lucky = {"1": 0.5, "2": 0.5}, {"1": 0.9, "2": 0.9}
        difference = compare_patients(Scores({1: even, 2: even, 3: lucky}), Scores({1: even, 2: even, 3: even}))
        self.assertEqual(difference.verdict, 0)


if __name__ == "__main__":
    unittest.main()
