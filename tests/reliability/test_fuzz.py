# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from tests.reliability.fuzz import FORMATS, fuzz
from tests.reliability.fuzz_training import WHOLE, fuzz_training


class TestFuzz(unittest.TestCase):
    def test_mutated_files_are_segmented_on_their_grids_or_refused(self) -> None:
        inputs = 3 * len(FORMATS)
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(sum(fuzz(Path(folder), inputs, seed=1).values()), inputs)

    def test_training_on_mutated_files_leaves_the_bad_ones_out_or_stops(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            counts = fuzz_training(Path(folder), cases=10, seed=1)
        self.assertEqual(counts["used"] + counts["left_out"], WHOLE + 10)
        self.assertGreater(counts["left_out"], 0)


if __name__ == "__main__":
    unittest.main()
