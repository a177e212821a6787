# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from tests.reliability.kill_inference import kill_inference


@unittest.skipUnless(hasattr(os, "fork"), "processes are not forked on this system")
class TestKillInference(unittest.TestCase):
    def test_what_a_killed_run_leaves_is_whole_and_the_next_goes_on(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(kill_inference(Path(folder), times=3)["kills"], 3)


if __name__ == "__main__":
    unittest.main()
