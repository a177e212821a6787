# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.data.loader."""

from __future__ import annotations

import unittest

from monai.data import Dataset

from monai_unet3plus.data.loader import CaseLoader


class TestCaseLoader(unittest.TestCase):
    def test_settings_of_workers_have_no_effect_without_workers(self) -> None:
        loader = CaseLoader(Dataset([1, 2, 3]), multiprocessing_context="spawn", prefetch_factor=1, batch_size=2)
        self.assertEqual([batch.tolist() for batch in loader], [[1, 2], [3]])
        self.assertIsNone(loader.multiprocessing_context)

    def test_and_their_effect_with_workers(self) -> None:
        loader = CaseLoader(Dataset([1, 2, 3]), num_workers=1, multiprocessing_context="spawn", prefetch_factor=1)
        self.assertEqual(loader.multiprocessing_context.get_start_method(), "spawn")
        self.assertEqual((loader.num_workers, loader.prefetch_factor), (1, 1))


if __name__ == "__main__":
    unittest.main()
