# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.utils.image_files."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

import numpy as np
import SimpleITK
from parameterized import parameterized

from monai_unet3plus.utils.image_files import image_state, is_volume, list_files, volume_stem

HEADERS = [
    ("a.nii.gz", "", []),
    ("a.mhd", "NDims = 3\nElementDataFile = voxels [1]/a.raw\n", ["voxels [1]/a.raw"]),
    ("a.mhd", "NDims = 3\r\nElementDataFile = b.zraw\r\n", ["b.zraw"]),
    ("A.MHD", "NDims = 3\nElementDataFile = LIST\nb.raw\nc.raw\n", ["b.raw", "c.raw"]),
    ("a.mhd", "ElementDataFile = s%03d.raw 9 11 1\n", ["s009.raw", "s010.raw", "s011.raw"]),
    ("a.mhd", "ElementDataFile = LOCAL\n\x00\x01", []),
    ("a.nhdr", "NRRD0004\nData File: ../b.raw\n", ["../b.raw"]),
    ("a.nhdr", "NRRD0004\ndatafile: s%d.raw 1 5 2\n", ["s1.raw", "s3.raw", "s5.raw"]),
    ("a.nhdr", "NRRD0004\ndata file: LIST 2\nb.raw\nc.raw\n", ["b.raw", "c.raw"]),
    ("a.nhdr", "no header at all", []),
    ("a.nhdr", "NRRD0004\ndata file: %s%d.raw 1 5\n", ["%s%d.raw 1 5"]),
]


class TestImageFiles(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "scans [2024]*?"
        self.folder.mkdir()

    @parameterized.expand(HEADERS)
    def test_lists_the_files_that_a_header_names(self, name: str, text: str, expected: list[str]) -> None:
        header = self.folder / name
        header.write_text(text, newline="")
        self.assertEqual(list_files(header), [header, *(self.folder / file for file in expected)])

    def test_damaged_headers_that_claim_billions_of_files_or_names_that_can_not_be_are_survived(self) -> None:
        header = self.folder / "a.mhd"
        header.write_text("ElementDataFile = s%d.raw 0 999999999 1\n")
        self.assertLess(len(list_files(header)), 1_000_000)
        for name in ("x" * 5000, "a\0b"):
            header.write_text(f"ElementDataFile = {name}\n")
            self.assertEqual(image_state(header)["files"], 1)

    def test_lists_pairs_and_series(self) -> None:
        for name in ("b [1].hdr", "b [1].img", "b 1.img"):
            (self.folder / name).write_bytes(b"")
        self.assertEqual([path.name for path in list_files(self.folder / "b [1].hdr")], ["b [1].hdr", "b [1].img"])
        self.assertEqual(len(list_files(self.folder)), 3)

    def test_files_beside_the_folders_of_a_series_do_not_hide_its_slices(self) -> None:
        slices = [self.folder / name for name in ("1/a", "2/a")]
        for file in slices:
            file.parent.mkdir()
            file.write_bytes(bytes(128) + b"DICM")
        other = self.folder / ".DS_Store"
        other.write_bytes(b"of a file manager")
        self.assertEqual(list_files(self.folder), [other, *slices])
        own = self.folder / "a.dcm"
        own.write_bytes(bytes(128) + b"DICM")
        self.assertEqual(list_files(self.folder), [other, own])  # then folders below are of other series

    @parameterized.expand([("a [1].mhd", "a [1].raw"), ("a.nhdr", "a.raw")])
    def test_state_changes_with_the_voxels_of_a_header(self, header: str, voxels: str) -> None:
        image = SimpleITK.GetImageFromArray(np.zeros((2, 3, 4), np.int16))
        SimpleITK.WriteImage(image, str(self.folder / header))
        before = image_state(self.folder / header)
        self.assertEqual(before["files"], 2)
        self.assertEqual(image_state(self.folder / header), before)
        os.utime(self.folder / voxels, ns=(1, 1))  # older than the header: the latest time stays the same
        self.assertNotEqual(image_state(self.folder / header), before)
        (self.folder / voxels).unlink()
        self.assertEqual(image_state(self.folder / header)["files"], 1)

    def test_an_image_that_is_not_there_is_an_error(self) -> None:
        with self.assertRaises(FileNotFoundError):
            image_state(self.folder / "none.mhd")

    @parameterized.expand(["a.nii", "A.NII.GZ", "a.1.nii.bz2", "a.MHA", "a.hdr", "a b.nhdr"])
    def test_volumes_are_known_by_their_suffix_in_any_case(self, name: str) -> None:
        self.assertTrue(is_volume(self.folder / name))

    @parameterized.expand(["a.nii.txt", ".a.nii", "a.img", "a.raw", "nii"])
    def test_others_are_not(self, name: str) -> None:
        self.assertFalse(is_volume(self.folder / name))

    @parameterized.expand([("case.1.NII.GZ", "case.1"), ("a.nii.bz2", "a"), ("series.2", "series.2"), ("f.hdr", "f")])
    def test_stem_keeps_dots(self, name: str, stem: str) -> None:
        self.assertEqual(volume_stem(name), stem)


if __name__ == "__main__":
    unittest.main()
