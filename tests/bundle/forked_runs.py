# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders and weights of tests in which several forked processes segment at once."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from tests.bundle.workflows import write_checkpoint


@unittest.skipUnless(hasattr(os, "fork"), "processes are not forked on this system")
class ForkedRuns(unittest.TestCase):
    """A test case with a folder of CTs, one of masks, and weights."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data, self.masks = self.work / "data", self.work / "masks"
        self.checkpoint = write_checkpoint(self.work, organs=1)
