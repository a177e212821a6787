# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The viewer's server: the volumes it gives out, and all that it refuses."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import unittest
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import nibabel as nib
import numpy as np
from parameterized import parameterized

from monai_unet3plus.utils.errors import InputError
from monai_unet3plus.viewer import ViewerServer, open_run
from tests.data_sets import write_dicom_series
from tests.viewer.runs import write_masks


class TestViewerServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.work = Path(folder.name)
        cls.masks = write_masks(cls.work)
        (cls.masks / "private.txt").write_text("private")
        cls.server = ViewerServer(open_run(cls.masks))
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    def get(self, place: str, host: str | None = None, method: str = "GET") -> tuple[int, bytes, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=30)
        self.addCleanup(connection.close)
        connection.putrequest(method, place, skip_host=True)
        connection.putheader("Host", host or f"127.0.0.1:{self.server.server_port}")
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())

    def page(self, place: str) -> tuple[int, bytes, dict[str, str]]:
        return self.get(f"/{self.server.word}/{place}")

    def test_listens_on_the_loopback_interface_alone(self) -> None:
        self.assertEqual(self.server.server_address[0], "127.0.0.1")
        with socket.socket() as other:
            other.settimeout(2)
            self.assertNotEqual(other.connect_ex(("127.0.0.2", self.server.server_port)), 0)

    def test_cases_are_those_that_have_a_mask(self) -> None:
        status, content, _ = self.page("cases.json")
        run = json.loads(content)
        self.assertEqual((status, run["warning"]), (200, "look at every mask <b>"))
        self.assertEqual([case["name"] for case in run["cases"]], ["imagesTs/box_0.nii.gz", "imagesTs/box_1.nii.gz"])
        liver, spleen = run["cases"][0]["organs"]
        self.assertEqual((liver["name"], liver["value"], liver["volume"], liver["flags"]), ("liver", 1, "7.0 ml", []))
        self.assertEqual((spleen["value"], spleen["flags"]), (2, ["2 parts"]))
        self.assertNotEqual(liver["colour"], spleen["colour"])

    def test_ct_and_mask_are_on_one_grid_with_the_values_of_their_files(self) -> None:
        volumes = {}
        for kind, file in (("ct", self.work / "data/imagesTs/box_1.nii.gz"), ("mask", self.masks / "box_1_seg.nii.gz")):
            number = [case.number for case in open_run(self.masks).cases][1]
            status, content, headers = self.page(f"{kind}/{number}.nii")
            self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"))
            volumes[kind] = nib.Nifti1Image.from_bytes(content)
            np.testing.assert_array_equal(np.asarray(volumes[kind].dataobj), np.asarray(nib.load(file).dataobj))
        np.testing.assert_array_equal(volumes["ct"].affine, volumes["mask"].affine)
        for volume in volumes.values():
            self.assertEqual((int(volume.header["qform_code"]), int(volume.header["sform_code"])), (0, 1))
        self.assertEqual(volumes["ct"].get_data_dtype(), np.int16)

    def test_centre_lies_in_the_first_organ(self) -> None:
        place = json.loads(self.page("centre/1.json")[1])
        mask = nib.load(self.masks / "box_0_seg.nii.gz")
        voxel = np.linalg.solve(mask.affine, [*place, 1.0])[:3].round().astype(int)
        self.assertEqual(np.asarray(mask.dataobj)[tuple(voxel)], 1)

    def test_report_links_its_rows_to_the_viewer(self) -> None:
        status, content, headers = self.page("report")
        text = content.decode()
        self.assertEqual(status, 200)
        self.assertEqual(text.count('href="./#1"'), 2, "a row and a picture")
        self.assertEqual(text.count('class="volume"'), 4, "none for the case without a mask")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn("look at every mask &lt;b&gt;", text)

    @parameterized.expand(
        [
            ("private.txt",),
            ("report.json",),
            ("../masks/private.txt",),
            ("..%2f..%2fmasks/private.txt",),
            ("ct/../private.txt",),
            ("ct/3.nii",),
            ("ct/99.nii",),
            ("ct/-1.nii",),
            ("ct/1.nii/../../private.txt",),
            ("//etc/passwd",),
            ("niivue_licenses.txt",),
            ("server.py",),
        ]
    )
    def test_other_addresses_do_not_exist(self, place: str) -> None:
        status, content, _ = self.page(place)
        self.assertEqual((status, content), (404, b"no such page"))

    def test_word_of_the_address_has_to_be_known(self) -> None:
        for place in ("/", "/cases.json", "/x/cases.json", f"/{self.server.word}x/"):
            self.assertEqual(self.get(place)[0], 404, place)
        self.assertNotEqual(ViewerServer(open_run(self.masks)).word, self.server.word)

    @parameterized.expand([("evil.example",), ("127.0.0.1",), ("127.0.0.1:1",)])
    def test_other_names_of_the_server_are_refused(self, host: str) -> None:
        self.assertEqual(self.get(f"/{self.server.word}/cases.json", host=host)[0], 403)

    def test_nothing_can_be_sent(self) -> None:
        for method in ("POST", "PUT", "DELETE"):
            self.assertEqual(self.get(f"/{self.server.word}/cases.json", method=method)[0], 501)

    def test_folder_without_a_report_is_refused_in_plain_words(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "report.json"
            with self.assertRaisesRegex(InputError, f"reading {file} failed: No such file or directory: {file}. Segm"):
                open_run(folder)

    def test_ct_that_is_gone_or_of_another_shape_is_said(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            masks = write_masks(Path(folder), cases=1)
            file = Path(folder) / "data" / "imagesTs" / "box_0.nii.gz"
            (case,) = open_run(masks).cases
            nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)), file)
            with self.assertRaisesRegex(InputError, r"\(4, 4, 4\) voxels, but its mask \(48, 40, 6\)"):
                case.ct_bytes()
            file.rename(Path(folder) / "box_0.nii.gz")
            with self.assertRaisesRegex(InputError, "does not exist.*--ct"):
                case.ct_bytes()

    def test_axis_of_size_1_that_some_writers_add_is_no_other_shape(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            masks = write_masks(Path(folder), cases=1)
            file = Path(folder) / "data" / "imagesTs" / "box_0.nii.gz"
            image = nib.load(file)
            voxels = np.asarray(image.dataobj)
            nib.save(nib.Nifti1Image(voxels[..., None], image.affine), file)
            self.assertEqual(nib.load(file).ndim, 4)
            found = nib.Nifti1Image.from_bytes(open_run(masks).cases[0].ct_bytes())
            np.testing.assert_array_equal(np.asarray(found.dataobj), voxels)

    def test_dicom_series_is_read_on_the_grid_of_its_mask_and_on_no_other(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            masks = write_masks(Path(folder), cases=1)
            nifti = Path(folder) / "data" / "imagesTs" / "box_0.nii.gz"
            write_dicom_series(nifti, Path(folder) / "series")
            case = replace(open_run(masks).cases[0], ct=Path(folder) / "series")
            with self.assertRaisesRegex(InputError, "lies elsewhere than its mask"):
                case.ct_bytes()  # its slices come from the head, those of the NIfTI file from the feet
            mask = nib.load(case.mask)
            turned = np.diag([1.0, 1.0, -1.0, 1.0])
            turned[2, 3] = mask.shape[2] - 1
            nib.save(nib.Nifti1Image(np.asarray(mask.dataobj)[..., ::-1], mask.affine @ turned), case.mask)
            found = nib.Nifti1Image.from_bytes(case.ct_bytes())
            np.testing.assert_array_equal(np.asarray(found.dataobj), np.asarray(nib.load(nifti).dataobj)[..., ::-1])

    def test_folder_without_a_report_is_an_error(self) -> None:
        with self.assertRaisesRegex(InputError, "masks: expected a folder that `segment`.*report.json"):
            open_run(self.work / "data")


if __name__ == "__main__":
    unittest.main()
