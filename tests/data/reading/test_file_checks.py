# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import bz2
import gzip
import os
import resource
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np
import SimpleITK
from parameterized import parameterized

from monai_unet3plus.data.reading.file_checks import check_file
from monai_unet3plus.utils.errors import InputError
from tests.broken_files import BROKEN, write_ct
from tests.data_sets import write_dicom_series

LIMIT = 100_000
FOUND_BY_TRANSFORMS = {"not_finite", "zero_spacing", "absurd_spacing", "time_series"}


class TestCheckFile(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, packed: bool = False, shape: tuple[int, ...] = (9, 40, 21)) -> Path:
        array = np.random.default_rng(0).normal(0, 100, shape).astype(np.int16)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(self.folder / name), packed)
        return self.folder / name

    @parameterized.expand(sorted(set(BROKEN) - FOUND_BY_TRANSFORMS))
    def test_broken_nifti_files_are_refused(self, name: str) -> None:
        write, reason = BROKEN[name]
        write(self.folder / "a.nii.gz")
        with self.assertRaisesRegex(InputError, f"a.nii.gz: .*{reason}"):
            check_file(str(self.folder / "a.nii.gz"), LIMIT)

    def test_denied_file_is_refused(self) -> None:
        write_ct(self.folder / "a.nii.gz")
        with mock.patch("builtins.open", side_effect=PermissionError(13, "x")):
            with self.assertRaisesRegex(InputError, "a.nii.gz: can't be read: Permission denied."):
                check_file(str(self.folder / "a.nii.gz"), LIMIT)

    @parameterized.expand([("a.nii",), ("a.nii.gz",), ("a.mha",), ("a.mhd",), ("a.nrrd",), ("a.nhdr",)])
    def test_whole_files_pass_and_larger_ones_are_refused(self, name: str) -> None:
        for packed in (False, True):
            path = self.write(name, packed)
            check_file(str(path), LIMIT)
            with self.assertRaisesRegex(InputError, "expected at most 7559 voxels, but its header claims 21 x 40 x 9"):
                check_file(str(path), 7559)

    @parameterized.expand(
        [
            ("cut", False, lambda raw: raw[:-100]),
            ("cut", True, lambda raw: raw[:-100]),
            ("claims_more", False, lambda raw: raw.replace(b"21 40 9", b"21 40 10")),
            ("claims_more", True, lambda raw: raw.replace(b"21 40 9", b"21 40 10")),
            ("damaged", True, lambda raw: raw[:-40] + bytes([raw[-40] ^ 255]) + raw[-39:]),
        ]
    )
    def test_damaged_voxels_are_refused(self, _: str, packed: bool, damage: Callable[[bytes], bytes]) -> None:
        for suffix in (".mha", ".nrrd"):
            path = self.write(f"a{suffix}", packed)
            path.write_bytes(damage(path.read_bytes()))
            with self.assertRaisesRegex(InputError, f"a{suffix}: expected [^\n]*, but (found|the file ends)[^\n]*$"):
                check_file(str(path), LIMIT)

    def test_neither_pytorch_nor_monai_is_imported(self) -> None:
        code = (
            "import sys, monai_unet3plus.data.reading.file_checks; "
            "sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
        )
        self.assertEqual(subprocess.run([sys.executable, "-c", code], check=False).returncode, 0)

    @parameterized.expand([("a.mha",), ("a.nrrd",)])
    def test_memory_is_limited_by_who_asks_for_it_only(self, name: str) -> None:
        path, asked = self.write(name), []
        before = resource.getrlimit(resource.RLIMIT_AS)
        check_file(str(path), LIMIT, asked.append)
        self.assertEqual(asked, [8 * 7560])
        self.assertEqual(resource.getrlimit(resource.RLIMIT_AS), before)

    @parameterized.expand([("a.mhd", "a.raw"), ("a.nhdr", "a.raw")])
    def test_header_without_its_voxels_is_refused(self, name: str, voxels: str) -> None:
        path = self.write(name)
        (self.folder / voxels).unlink()
        with self.assertRaisesRegex(InputError, name):
            check_file(str(path), LIMIT)

    @parameterized.expand([("a.MHA",), ("a.MHD",), ("a.NRRD",), ("a.NII.GZ",), ("a.nii.bz2",)])
    def test_suffixes_in_capitals_and_bzip2_pass(self, name: str) -> None:
        if name.endswith(".bz2"):
            (self.folder / name).write_bytes(bz2.compress(self.write("a.nii").read_bytes()))
        else:
            os.rename(self.write(name.lower()), self.folder / name)
        check_file(str(self.folder / name), LIMIT)

    @parameterized.expand(
        [
            ("a.nii.gz", lambda raw: raw, "expected a whole gzip file, as its name says, but found a file that is not"),
            ("a.nii", gzip.compress, "expected a file that is not packed, as its name says, but found a whole gzip"),
            ("a.nii", bz2.compress, "expected a file that is not packed, as its name says, but found a whole bzip2"),
            ("a.nii.gz", bz2.compress, "expected a whole gzip file, as its name says, but found a whole bzip2 file"),
        ]
    )
    def test_suffixes_that_lie_are_named(self, name: str, pack: Callable[[bytes], bytes], sentence: str) -> None:
        raw = self.write("b.nii").read_bytes()
        (self.folder / name).write_bytes(pack(raw))
        with self.assertRaisesRegex(InputError, f"{name}: {sentence}"):
            check_file(str(self.folder / name), LIMIT)

    def test_bytes_after_a_whole_gzip_file_pass(self) -> None:
        packed = gzip.compress(self.write("b.nii").read_bytes())
        (self.folder / "a.nii.gz").write_bytes(packed + b"more bytes")
        check_file(str(self.folder / "a.nii.gz"), LIMIT)
        (self.folder / "a.nii.gz").write_bytes(packed[:-6] + b"\x00\x00" + packed[-4:] + b"more bytes")
        with self.assertRaisesRegex(InputError, "a.nii.gz: expected .* but found CRC check failed"):
            check_file(str(self.folder / "a.nii.gz"), LIMIT)

    def test_pairs_pass_but_not_without_voxels_nor_of_analyze(self) -> None:
        array = np.zeros((5, 6, 7), np.int16)
        nib.save(nib.Nifti1Pair(array, np.eye(4)), self.folder / "a [1].hdr")
        check_file(str(self.folder / "a [1].hdr"), LIMIT)
        (self.folder / "a [1].img").write_bytes(b"short")
        with self.assertRaisesRegex(InputError, r"\(5 x 6 x 7\), but found 5. Is it cut off"):
            check_file(str(self.folder / "a [1].hdr"), LIMIT)
        nib.save(nib.AnalyzeImage(array, np.eye(4)), self.folder / "b.hdr")
        with self.assertRaisesRegex(InputError, "found Analyze 7.5, which does not say where left and right are"):
            check_file(str(self.folder / "b.hdr"), LIMIT)
        (self.folder / "b.img").unlink()
        with self.assertRaisesRegex(InputError, "b.hdr: expected"):
            check_file(str(self.folder / "b.hdr"), LIMIT)

    @parameterized.expand([(".mha",), (".nrrd",)])
    def test_several_numbers_per_voxel_are_refused(self, suffix: str) -> None:
        colours = SimpleITK.GetImageFromArray(np.zeros((5, 6, 7, 3), np.uint8), isVector=True)
        SimpleITK.WriteImage(colours, str(self.folder / f"a{suffix}"))
        with self.assertRaisesRegex(InputError, "expected one real number per voxel, but found 3"):
            check_file(str(self.folder / f"a{suffix}"), LIMIT)

    def test_series_passes_and_is_refused_if_too_large_or_damaged(self) -> None:
        write_ct(self.folder / "a.nii.gz")
        series = self.folder / "series"
        write_dicom_series(self.folder / "a.nii.gz", series)
        check_file(str(series), LIMIT)
        with self.assertRaisesRegex(
            InputError, "series: expected at most 1799 voxels, but its header claims 20 x 18 x 5"
        ):
            check_file(str(series), 1799)
        last = sorted(series.iterdir())[-1]
        last.write_bytes(last.read_bytes()[:-200])
        with self.assertRaisesRegex(
            InputError, f"{last.name}: expected a DICOM image, but its pixels can't be decoded"
        ):
            check_file(str(series), LIMIT)

    def test_slices_of_two_sizes_are_refused(self) -> None:
        for number, shape in enumerate([(20, 18, 3), (20, 16, 3)]):
            write_ct(self.folder / "a.nii.gz", shape)
            write_dicom_series(self.folder / "a.nii.gz", self.folder / str(number))
        for path in sorted((self.folder / "1").iterdir())[:1]:
            path.rename(self.folder / "0" / "series1_000")
        with self.assertRaisesRegex(InputError, "expected slices of one size, but found 20 x 16 and 20 x 18 pixels"):
            check_file(str(self.folder / "0"), LIMIT)


if __name__ == "__main__":
    unittest.main()
