# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

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
