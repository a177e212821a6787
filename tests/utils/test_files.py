# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.utils.files import compute_sha256, remove_leftovers, replacing


class TestReplacing(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "new" / "mask.nii.gz"

    def fail_while_writing(self, unfinished: Path) -> None:
        unfinished.write_text("half")
        raise KeyboardInterrupt

    def test_file_appears_when_the_block_ends(self) -> None:
        with replacing(self.path) as unfinished:
            unfinished.write_text("new")
            self.assertFalse(self.path.exists())
            self.assertTrue(unfinished.name.endswith(".nii.gz"))
        self.assertEqual(self.path.read_text(), "new")
        self.assertEqual(os.listdir(self.path.parent), [self.path.name])

    def test_failure_leaves_the_old_file_alone(self) -> None:
        self.path.parent.mkdir()
        self.path.write_text("old")
        with self.assertRaises(KeyboardInterrupt), replacing(self.path) as unfinished:
            self.fail_while_writing(unfinished)
        self.assertEqual(self.path.read_text(), "old")
        self.assertEqual(os.listdir(self.path.parent), [self.path.name])

    def test_leftovers_of_the_file_alone_are_removed(self) -> None:
        remove_leftovers(self.path)  # there is no folder yet
        self.path.parent.mkdir()
        for name in (".12.mask.nii.gz", ".3.mask.nii.gz", ".12.other.nii.gz", ".mask.nii.gz", "12.mask.nii.gz"):
            (self.path.parent / name).touch()
        remove_leftovers(self.path)
        self.assertEqual(sorted(os.listdir(self.path.parent)), [".12.other.nii.gz", ".mask.nii.gz", "12.mask.nii.gz"])

    def test_digest_is_that_of_the_whole_file(self) -> None:
        self.path.parent.mkdir()
        content = bytes(range(256)) * 5000
        self.path.write_bytes(content)
        self.assertEqual(compute_sha256(self.path), hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    unittest.main()
