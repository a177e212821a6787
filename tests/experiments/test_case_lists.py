# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

from monai_unet3plus.experiments.case_lists import check_folds
from monai_unet3plus.utils.errors import InputError


class TestCheckFolds(unittest.TestCase):
    def test_folds_of_the_list_pass(self) -> None:
        check_folds([{"image": "a", "fold": 0}, {"image": "b", "fold": 1}, {"image": "c", "fold": -1}], [0, 1])

    def test_a_case_without_a_fold_is_named(self) -> None:
        with self.assertRaisesRegex(InputError, "expected a fold for each case, but b.nii has none"):
            check_folds([{"image": "a.nii", "fold": 0}, {"image": "b.nii"}], [])

    def test_a_fold_that_no_case_has_is_refused(self) -> None:
        with self.assertRaisesRegex(InputError, "no case is of fold 7"):
            check_folds([{"image": "a", "fold": 0}, {"image": "b", "fold": 1}], [0, 7])

    def test_a_fold_with_all_cases_that_are_drawn_is_refused(self) -> None:
        cases = [{"image": "a", "fold": 0}, {"image": "b", "fold": 1, "weight": 0}]
        check_folds(cases, [1])
        with self.assertRaisesRegex(InputError, "fold 0 has all cases that are drawn"):
            check_folds(cases, [0])


if __name__ == "__main__":
    unittest.main()
