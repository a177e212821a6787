# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gc
import unittest

from monai_unet3plus.utils.garbage import paused_collection


class TestPausedCollection(unittest.TestCase):
    def setUp(self) -> None:
        self.addCleanup(gc.unfreeze)

    def test_nothing_is_collected_within_and_objects_are_frozen_after_it(self) -> None:
        frozen = gc.get_freeze_count()
        with paused_collection():
            self.assertFalse(gc.isenabled())
            made = [[] for _ in range(1000)]
        self.assertTrue(gc.isenabled())
        self.assertGreaterEqual(gc.get_freeze_count() - frozen, len(made))

    def test_a_collector_that_was_off_stays_off_and_an_error_passes(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        with self.assertRaises(ImportError), paused_collection():
            raise ImportError
        self.assertFalse(gc.isenabled())


if __name__ == "__main__":
    unittest.main()
