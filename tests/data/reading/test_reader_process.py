# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import pickle
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np
import SimpleITK
from parameterized import parameterized

from monai_unet3plus.data.reading import reader_process
from monai_unet3plus.data.reading.reader_process import ReaderProcess, start_spare
from monai_unet3plus.data.reading.volume import read_volume
from monai_unet3plus.utils.errors import InputError
from tests.broken_files import write_ct

BAD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from tests.data.reading.misbehaving_reader import serve; serve()"
)


class TestReaderProcess(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.good = Path(folder.name) / "a.nii.gz"
        write_ct(self.good)
        patch = mock.patch.object(reader_process, "_SERVE", BAD)
        patch.start()
        self.addCleanup(patch.stop)
        reader_process._spares.clear()

    def test_one_process_serves_all_files(self) -> None:
        reader = ReaderProcess()
        reader.check(self.good)
        first = reader._process
        with self.assertRaisesRegex(InputError, "/nothing: can't be read: No such file"):
            reader.check("/nothing")
        reader.check("print")
        reader.check(self.good)
        self.assertIs(reader._process, first)
        reader.close()
        self.assertIsNotNone(first.poll())

    @parameterized.expand(
        [
            ("crash", r"crash: expected a volume, but it ended the process that read it \(SIGSEGV\)"),
            ("hang", "hang: expected a volume, but it was not read within 1 s"),
            ("swell", "swell: expected a volume, but reading it takes more memory than its header says"),
        ]
    )
    def test_what_breaks_a_reader_is_refused_and_the_next_file_is_read(self, name: str, sentence: str) -> None:
        reader = ReaderProcess(time_limit=1.0 if name == "hang" else 60.0)
        self.addCleanup(reader.close)
        with self.assertRaisesRegex(InputError, sentence):
            reader.check(name)
        reader.time_limit = 60.0
        reader.check(self.good)

    def test_volumes_are_as_they_lie_in_their_files(self) -> None:
        reader = ReaderProcess()
        self.addCleanup(reader.close)
        other = self.good.with_name("b.nii")
        scaled = nib.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.diag([2.0, 3, 4, 1]))
        scaled.header.set_slope_inter(0.5, -3)
        nib.save(scaled, other)
        image = self.good.with_name("c.mha")
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.arange(24, dtype=np.float64).reshape(2, 3, 4)), image)
        files = [self.good, other, image, self.good]
        for file, following in zip(files, [*files[1:], None]):
            found, expected = reader.read(file, following), read_volume(file)
            np.testing.assert_array_equal(found.array, expected.array)
            np.testing.assert_array_equal(found.affine, expected.affine)
            self.assertEqual((found.array.dtype, found.warnings), (expected.array.dtype, expected.warnings))
            self.assertEqual((found.unstated, os.fspath(found)), (expected.unstated, str(file)))

    def test_file_after_one_that_breaks_a_reader_or_is_broken_itself_is_read(self) -> None:
        reader = ReaderProcess()
        self.addCleanup(reader.close)
        for following in ("crash", self.good):
            with self.assertRaisesRegex(InputError, "SIGSEGV"):
                reader.read("crash", following)
        with self.assertRaisesRegex(InputError, "No such file"):
            reader.read("/nothing", "crash")
        self.assertEqual(reader.read(self.good).file, str(self.good))  # another than was announced

    def test_copies_have_processes_of_their_own(self) -> None:
        reader = ReaderProcess()
        reader.check(self.good)
        copy = pickle.loads(pickle.dumps(reader))
        self.assertIsNone(copy._process)
        copy.check(self.good)
        self.assertNotEqual(copy._process.pid, reader._process.pid)
        for each in (reader, copy):
            each.close()

    def test_spare_process_is_used_once(self) -> None:
        start_spare()
        spare = reader_process._spares[os.getpid()]
        start_spare()
        readers = [ReaderProcess(), ReaderProcess()]
        for reader in readers:
            self.addCleanup(reader.close)
            reader.check(self.good)
        self.assertIs(readers[0]._process, spare)
        self.assertIsNot(readers[1]._process, spare)

    def test_process_ends_with_its_owner(self) -> None:
        reader = ReaderProcess()
        reader.check(self.good)
        process = reader._process
        del reader
        self.assertIsNotNone(process.wait(10))


if __name__ == "__main__":
    unittest.main()
