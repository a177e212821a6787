# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from tests.reliability.kill_training import kill_training


@unittest.skipUnless(hasattr(os, "fork"), "processes are not forked on this system")
class TestKillTraining(unittest.TestCase):
    def test_killed_training_leaves_whole_checkpoints_and_ends_with_the_weights_of_an_undisturbed_one(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            counts = kill_training(Path(folder), times=3, epochs=2, pause=0.2)
        self.assertEqual(counts["kills"], 3)


if __name__ == "__main__":
    unittest.main()
