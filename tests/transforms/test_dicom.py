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

import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.errors import InputError
from monai_unet3plus.transforms import CheckSeriesd
from tests.data_sets import REAL_DATA, write_boxes, write_dicom_series


class TestCheckSeriesd(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        write_boxes(root, cases=1, test_cases=0)
        self.series = root / "series"
        write_dicom_series(root / "imagesTr" / "box_0.nii.gz", self.series)  # six slices of 4 mm

    def test_whole_series_and_files_pass(self) -> None:
        for path in (self.series, self.series.parent / "imagesTr" / "box_0.nii.gz"):
            self.assertEqual(CheckSeriesd("image")({"image": path}), {"image": path})

    def test_series_that_lacks_a_slice_within_is_refused(self) -> None:
        sorted(self.series.iterdir())[3].unlink()
        with self.assertRaisesRegex(InputError, r"4.00 to 8.00 mm, the widest after slice \d of 5. Are files missing"):
            CheckSeriesd("image")({"image": self.series})

    @unittest.skipUnless(REAL_DATA.is_dir(), "needs the real CTs")
    def test_real_series_passes(self) -> None:
        for folder in REAL_DATA.rglob("dicom_series"):
            CheckSeriesd("image")({"image": folder})


if __name__ == "__main__":
    unittest.main()
