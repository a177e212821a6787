# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from monai_unet3plus.utils.files import compute_sha256, deferred_writes, now_or_deferred, remove_leftovers, replacing


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


class TestDeferredWrites(unittest.TestCase):
    def test_writes_are_left_to_the_block_and_done_at_once_outside(self) -> None:
        done: list[str] = []

        def save(path: Path) -> None:
            done.append(path.name.rpartition(".")[2])
            path.touch()

        with tempfile.TemporaryDirectory() as folder:
            with deferred_writes() as outer:
                now_or_deferred(Path(folder, "a"), save)
                with deferred_writes() as inner:
                    now_or_deferred(Path(folder, "b"), save)
                now_or_deferred(Path(folder, "c"), save)
            self.assertEqual((done, len(outer), len(inner)), ([], 2, 1))
            now_or_deferred(Path(folder, "d"), save)
            for write in outer:
                write()
            self.assertEqual(done, ["d", "a", "c"])
            self.assertEqual(sorted(file.name for file in Path(folder).iterdir()), ["a", "c", "d"])

    def test_a_file_that_is_not_required_is_warned_of(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch(
            "os.replace", side_effect=OSError(28, "No space left")
        ):
            with self.assertRaisesRegex(OSError, "No space left"):
                now_or_deferred(Path(folder, "a"), Path.touch)
            with self.assertLogs("monai_unet3plus.utils.files", "WARNING") as logged:
                now_or_deferred(Path(folder, "a"), Path.touch, required=False)
        self.assertIn("a can't be written: No space left", logged.output[0])


if __name__ == "__main__":
    unittest.main()
