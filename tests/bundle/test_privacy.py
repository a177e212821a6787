# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
import logging
import tempfile
import unittest
from pathlib import Path

from tests.broken_files import write_ct
from tests.bundle.workflows import inference, run
from tests.data_sets import write_dicom_series

PERSONAL = {
    "0008|0050": "ACCESSION4711",
    "0008|0080": "HOSPITAL OF SAINT ELSEWHERE",
    "0008|0090": "REFERRING^PHYSICIAN",
    "0008|1070": "OPERATOR^ODD",
    "0010|0010": "DOE^JANE",
    "0010|0020": "PATIENTID0815",
    "0010|0030": "19010203",
    "0010|0032": "040506",
    "0010|1000": "OTHERID99",
    "0010|1001": "MAIDEN^NAME",
    "0010|1040": "12 ADDRESS LANE",
    "0010|2154": "555123456",
    "0010|4000": "COMMENT ON PATIENT",
    "0020|0010": "STUDYID77",
    "0020|4000": "COMMENT ON IMAGE",
}


class TestPrivacy(unittest.TestCase):
    def test_nothing_personal_gets_into_logs_reports_and_masks(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_ct(folder / "ct.nii.gz", (20, 18, 5))
            for case in ("good", "gap", "cut"):
                write_dicom_series(folder / "ct.nii.gz", folder / "data" / case, more=PERSONAL)
            (folder / "data" / "gap" / "series1_002").unlink()
            cut = folder / "data" / "cut" / "series1_004"
            self.assertIn(b"DOE^JANE", cut.read_bytes())  # else the rest would mean nothing
            cut.write_bytes(cut.read_bytes()[:-100])
            with self.assertLogs(level=logging.DEBUG) as log, self.assertRaises(SystemExit):
                run(inference(folder / "data", folder / "masks", report_pictures=True))

            written = {"the log": "\n".join(log.output).encode()}
            for path in (folder / "masks").rglob("*"):
                if path.is_file():
                    content = path.read_bytes()
                    written[path.name] = gzip.decompress(content) if path.suffix == ".gz" else content
            self.assertLessEqual(
                {"the log", "report.json", "report.html", "good_seg.webp", "good_seg.nii.gz", "good_seg.json"},
                set(written),
            )
            for where, content in written.items():
                for value in PERSONAL.values():
                    self.assertNotIn(value.encode(), content, where)


if __name__ == "__main__":
    unittest.main()
