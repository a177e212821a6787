# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.data.cases import find_cases, labelled_cases
from monai_unet3plus.data.reading.volume import read_volume
from monai_unet3plus.masks.paths import mask_path
from monai_unet3plus.masks.writer import write_label_map
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes, write_dicom_series
from tests.dicom_files import ct_slices, enhanced_ct, hounsfield, save_dicom

DICOM = bytes(128) + b"DICM" + bytes(8)


class FolderTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "data"
        self.output = Path(folder.name) / "masks"
        self.root.mkdir()

    def put(self, *names: str, content: bytes = b"x") -> None:
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def relative(self, cases: list[dict[str, str]], key: str = "image") -> list[str]:
        return [Path(case[key]).relative_to(self.root).as_posix() for case in cases]


class TestMaskPathStaysBelowTheOutput(unittest.TestCase):
    @parameterized.expand(
        [
            ("/data/../../etc/a.nii.gz",),
            ("/etc/a.nii.gz",),
            ("/data/imagesTs/../../../a.nii.gz",),
            ("/data/sub/..",),
            ("../../a.nii.gz",),
            ("/data/..nii.gz",),
            ("/data/.../a.nii.gz",),
            ("/",),
        ]
    )
    def test_whatever_the_images_path_is(self, image: str) -> None:
        mask = Path(os.path.abspath(mask_path(image, "/data", "/masks")))
        self.assertIn(Path("/masks"), mask.parents)


class TestFindCases(FolderTestCase):
    def found(self) -> list[str]:
        return self.relative(find_cases(self.root, self.output))

    def test_volumes_are_found_at_any_depth_in_alphabetical_order(self) -> None:
        self.put("b.nii", "a/c.nii.gz", "a/b/d.nrrd", "e.MHA", "f.mhd", "g.nhdr", "g.raw", "notes.txt", "h.csv")
        self.assertEqual(self.found(), ["a/b/d.nrrd", "a/c.nii.gz", "b.nii", "e.MHA", "f.mhd", "g.nhdr"])

    def test_images_of_the_test_set_are_preferred(self) -> None:
        self.put("imagesTr/a.nii.gz", "imagesTs/b.nii.gz", "imagesTs/sub/c.nii.gz", "d.nii.gz")
        self.assertEqual(self.found(), ["imagesTs/b.nii.gz", "imagesTs/sub/c.nii.gz"])

    def test_what_is_left_out_is_logged(self) -> None:
        self.put("a.nii.gz", "labelsTr/a.nii.gz", ".cache/a.nii.gz", "real/b.nii.gz")
        (self.root / "link").symlink_to(self.root / "real")
        self.output = self.root / "masks"
        self.put("masks/c.nii.gz")
        with self.assertLogs("monai_unet3plus.data.cases", logging.INFO) as log:
            self.assertEqual(self.found(), ["a.nii.gz", "real/b.nii.gz"])
        lines = "\n".join(log.output)
        for name, why in (
            ("labelsTr", "its name begins with labels"),
            (".cache", "it is hidden"),
            ("link", "it is a link"),
            ("masks", "it is output_dir"),
        ):
            self.assertIn(f"folder left out, {why}: {self.root / name}", lines)

    def test_files_of_other_formats_are_named_once_and_voxels_of_headers_not(self) -> None:
        self.put("a [1].nii.gz", "b.mhd", "c.hdr", "c.img", "sub/x.nii.zip", "sub/y.zip", "notes.txt", ".hidden")
        (self.root / "b.mhd").write_text("ElementDataFile = sub/b.raw\n")
        self.put("sub/b.raw")
        with self.assertLogs("monai_unet3plus.data.cases", logging.INFO) as log:
            self.assertEqual(self.found(), ["a [1].nii.gz", "b.mhd", "c.hdr"])
        (line,) = [line for line in log.output if "passed over" in line]
        self.assertIn("3 files passed over, of other formats (.zip: 2, .txt: 1), such as", line)

    def test_masks_of_an_earlier_run_are_no_cases(self) -> None:
        self.put("a.nii.gz")
        for name in ("masks_v1/a_seg.nii.gz", "b_seg.nii.gz"):
            write_label_map(MetaTensor(torch.zeros(1, 4, 4, 4)), self.root / name)
        with self.assertLogs("monai_unet3plus.data.cases", logging.WARNING) as log:
            self.assertEqual(self.found(), ["a.nii.gz"])
        self.assertIn("2 files left out, their headers call them label maps, such as", log.output[0])

    def test_files_that_can_not_be_read_are_cases(self) -> None:
        self.put("a.nii.gz")
        (self.root / "loop.nii.gz").symlink_to("loop.nii.gz")
        (self.root / "dangling.nii.gz").symlink_to("nowhere.nii.gz")
        self.assertEqual(self.found(), ["a.nii.gz", "dangling.nii.gz", "loop.nii.gz"])

    def test_output_that_is_a_file_is_refused(self) -> None:
        self.put("a.nii.gz")
        self.output.write_text("x")
        with self.assertRaisesRegex(InputError, "output_dir: expected a folder, but .*masks is a file"):
            self.found()

    def test_labels_and_hidden_files_are_skipped(self) -> None:
        self.put("imagesTr/a.nii.gz", "labelsTr/a.nii.gz", "sub/labels/a.nii.gz", "labels_final/x/a.nii.gz")
        self.put("imagesTr/._a.nii.gz", ".cache/a.nii.gz", ".hidden.nii.gz")
        self.assertEqual(self.found(), ["imagesTr/a.nii.gz"])

    def test_masks_of_an_earlier_run_are_skipped(self) -> None:
        self.output = self.root / "work" / "masks"
        self.put("a.nii.gz", "work/b.nii.gz", "work/masks/a_seg.nii.gz", "work/masks/work/b_seg.nii.gz")
        self.assertEqual(self.found(), ["a.nii.gz", "work/b.nii.gz"])

    def test_folder_with_a_dicom_series_is_one_case(self) -> None:
        self.put("patient/ct/00000001", "patient/ct/00000002", "patient/mr/IM_1.dcm", content=DICOM)
        self.put("patient/ct/README", "patient/report/00000003", "empty/0", content=b"")
        self.put("other/00000001", content=bytes(128) + b"DICN")
        self.assertEqual(self.found(), ["patient/ct", "patient/mr"])

    def test_volumes_beside_a_series_are_found_too(self) -> None:
        self.put("a.nii.gz")
        self.put("ct/1", content=DICOM)
        self.assertEqual(self.found(), ["a.nii.gz", "ct"])

    def test_file_of_a_dicom_series_stands_for_its_series(self) -> None:
        write_boxes(self.root / "boxes", cases=0)
        (volume,) = (self.root / "boxes" / "imagesTs").iterdir()
        for number, slices in ((1, 6), (2, 3)):
            write_dicom_series(volume, self.root / "series", number=number, slices=slices)
        (case,) = find_cases(self.root / "series" / "series1_002", self.output)
        self.assertEqual(case, {"image": str(self.root / "series")})
        with self.assertRaisesRegex(InputError, "several DICOM series, and the CT with most slices is another one"):
            find_cases(self.root / "series" / "series2_001", self.output)

    def test_series_in_several_folders_is_one_case_if_nothing_else_is_there(self) -> None:
        slices = ct_slices(hounsfield())
        for name in ("patient/scan/1", "patient/scan/2"):
            save_dicom(self.root / name, slices[::2] if name.endswith("1") else slices[1::2])
        save_dicom(self.root / "patient" / "other", ct_slices(hounsfield(), series="1.2.3.2"))
        with self.assertLogs("monai_unet3plus.data.cases", "WARNING") as log:
            self.assertEqual(self.found(), ["patient/other", "patient/scan"])
        self.assertIn("one DICOM series in 2 folders, read as one CT", log.output[0])
        np.testing.assert_array_equal(read_volume(self.root / "patient" / "scan").array.T, hounsfield())
        shutil.move(self.root / "patient" / "other", self.root / "patient" / "scan" / "3")
        with self.assertLogs("monai_unet3plus.data.cases", "WARNING") as log:
            self.assertEqual(self.found(), [f"patient/scan/{number}" for number in (1, 2, 3)])
        self.assertIn("one DICOM series in 2 folders, each segmented by itself", log.output[0])

    def test_copies_and_series_of_one_name_stay_cases_of_their_own(self) -> None:
        for name, seed in (("copies/1", 0), ("copies/2", 0), ("patients/1", 0), ("patients/2", 1)):
            save_dicom(self.root / name, ct_slices(hounsfield(seed=seed), series=f"1.2.3.{len(name)}"))
        with self.assertLogs("monai_unet3plus.data.cases", "WARNING") as log:
            self.assertEqual(self.found(), ["copies/1", "copies/2", "patients/1", "patients/2"])
        self.assertEqual(sum("each segmented by itself" in line for line in log.output), 2)

    def test_dicom_folder_without_a_ct_is_left_out_and_named(self) -> None:
        self.put("a.nii.gz")
        save_dicom(self.root / "mr", ct_slices(hounsfield(), Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))
        with self.assertLogs("monai_unet3plus.data.cases", "WARNING") as log:
            self.assertEqual(self.found(), ["a.nii.gz"])
        self.assertIn(f"DICOM left out, no CT but MR: {self.root / 'mr'}", log.output[0])

    def test_multi_frame_file_is_a_case(self) -> None:
        save_dicom(self.root, [enhanced_ct(hounsfield()), enhanced_ct(hounsfield(seed=1), series="1.2.3.2")])
        (case,) = find_cases(self.root / "I001", self.output)
        self.assertEqual(case, {"image": str(self.root / "I001")})

    def test_index_of_a_dicom_medium_is_no_series(self) -> None:
        self.put("DICOMDIR", "ct/1", content=DICOM)
        self.assertEqual(self.found(), ["ct"])

    def test_one_file_is_one_case(self) -> None:
        self.put("a.nii.gz", "b.nii.gz")
        cases = find_cases(self.root / "a.nii.gz", self.output)
        self.assertEqual(self.relative(cases), ["a.nii.gz"])

    def test_one_series_is_one_case(self) -> None:
        self.put("ct/1", "ct/2", content=DICOM)
        self.assertEqual(self.relative(find_cases(self.root / "ct", self.output)), ["ct"])

    def test_a_series_in_the_working_folder_is_called_by_its_name(self) -> None:
        save_dicom(self.root / "patient" / "sub", ct_slices(hounsfield()))
        file = next((self.root / "patient" / "sub").iterdir())
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(file.parent)
        for given in (".", file.name):
            (case,) = find_cases(given, self.output)
            self.assertEqual(Path(case["image"]), Path(os.path.realpath(file.parent)))
        (file.parent / "deeper").mkdir()
        os.chdir(file.parent / "deeper")
        (case,) = find_cases("..", self.output)
        self.assertEqual(Path(case["image"]), Path(os.path.realpath(file.parent)))

    def test_folders_named_like_volumes_are_no_cases(self) -> None:
        self.put("a.nii.gz/b.nii.gz")
        self.assertEqual(self.found(), ["a.nii.gz/b.nii.gz"])

    def test_missing_folder_raises(self) -> None:
        with self.assertRaisesRegex(InputError, "dataset_dir.*nowhere does not exist"):
            find_cases(self.root / "nowhere", self.output)

    @parameterized.expand([("empty", ()), ("texts", ("a.txt",)), ("labels", ("labelsTr/a.nii.gz",))])
    def test_folder_without_volumes_raises(self, _: str, names: tuple[str, ...]) -> None:
        self.put(*names)
        with self.assertRaisesRegex(InputError, f"dataset_dir.*none in {self.root}"):
            find_cases(self.root, self.output)

    def test_file_that_is_no_volume_raises(self) -> None:
        self.put("a.txt")
        with self.assertRaisesRegex(InputError, r"none in .*a\.txt"):
            find_cases(self.root / "a.txt", self.output)

    @parameterized.expand([("same", "."), ("said_otherwise", "sub/..")])
    def test_masks_among_the_images_raise(self, _: str, output: str) -> None:
        self.put("a.nii.gz", "sub/b.nii.gz")
        with self.assertRaisesRegex(InputError, "output_dir"):
            find_cases(self.root, self.root / output)

    def test_masks_among_the_images_of_the_test_set_raise(self) -> None:
        self.put("imagesTs/a.nii.gz")
        with self.assertRaisesRegex(InputError, "output_dir"):
            find_cases(self.root, self.root / "imagesTs")

    def test_two_images_with_one_mask_raise_and_both_are_named(self) -> None:
        self.put("case.nii.gz", "case.nrrd")
        with self.assertRaisesRegex(InputError, r"case\.nii\.gz and .*case\.nrrd.*case_seg\.nii\.gz"):
            find_cases(self.root, self.output)

    def test_names_that_differ_behind_a_dot_or_by_folder_stay_apart(self) -> None:
        names = ["a/image.nii.gz", "b/image.nii.gz", "case.1.nii.gz", "case.2.nii.gz"]
        self.put(*names)
        self.assertEqual(self.found(), names)


class TestMaskPath(unittest.TestCase):
    @parameterized.expand(
        [
            ("/d/a.nii.gz", "/out/a_seg.nii.gz"),
            ("/d/sub/a.nii", "/out/sub/a_seg.nii.gz"),
            ("/d/a.NRRD", "/out/a_seg.nii.gz"),
            ("/d/case.1.nii.gz", "/out/case.1_seg.nii.gz"),
            ("/d/imagesTs/a.nii.gz", "/out/a_seg.nii.gz"),
            ("/d/imagesTs/sub/a.nii.gz", "/out/sub/a_seg.nii.gz"),
            ("/d/sub/imagesTs/a.nii.gz", "/out/sub/imagesTs/a_seg.nii.gz"),
            ("/d/patient/series.7", "/out/patient/series.7_seg.nii.gz"),
            ("/d", "/out/d_seg.nii.gz"),
            ("/elsewhere/sub/a.nii.gz", "/out/a_seg.nii.gz"),
            ("/dd/a.nii.gz", "/out/a_seg.nii.gz"),
        ]
    )
    def test_mask_keeps_the_images_place(self, image: str, expected: str) -> None:
        self.assertEqual(mask_path(image, "/d", "/out"), Path(expected))

    def test_postfix_is_used(self) -> None:
        self.assertEqual(mask_path("/d/a.nii", "/d/", "/out", postfix="liver"), Path("/out/a_liver.nii.gz"))

    def test_relative_and_absolute_paths_mean_the_same(self) -> None:
        self.assertEqual(mask_path(Path("d/s/a.nii").absolute(), "d", "out"), Path("out/s/a_seg.nii.gz"))


class TestLabelledCases(FolderTestCase):
    def test_images_and_labels_are_paired_by_name(self) -> None:
        self.put("imagesTr/b.nii.gz", "imagesTr/a.nrrd", "imagesTr/._a.nrrd")
        self.put("labelsTr/a.nii.gz", "labelsTr/b.nii.gz", "labelsTr/unused.nii.gz")
        cases = labelled_cases(self.root)
        self.assertEqual(self.relative(cases), ["imagesTr/a.nrrd", "imagesTr/b.nii.gz"])
        self.assertEqual(self.relative(cases, "label"), ["labelsTr/a.nii.gz", "labelsTr/b.nii.gz"])

    def test_list_of_the_data_set_counts_if_there_is_one(self) -> None:
        self.put("imagesTr/a.nii.gz", "imagesTr/b.nii.gz", "labelsTr/a_x.nii.gz")
        training = [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a_x.nii.gz"}]
        self.put("dataset.json", content=json.dumps({"training": training, "test": []}).encode())
        cases = labelled_cases(self.root)
        self.assertEqual(self.relative(cases), ["imagesTr/a.nii.gz"])
        self.assertEqual(self.relative(cases, "label"), ["labelsTr/a_x.nii.gz"])

    def test_test_cases_are_those_of_the_test_folders(self) -> None:
        self.put("imagesTr/a.nii.gz", "labelsTr/a.nii.gz", "imagesTs/b.nii.gz", "labelsTs/b.nii.gz")
        self.put("dataset.json", content=b'{"training": []}')
        self.assertEqual(self.relative(labelled_cases(self.root, "Ts")), ["imagesTs/b.nii.gz"])

    @parameterized.expand(
        [("with_description", {"channel_names": {"0": "CT"}, "labels": {"liver": 1}}), ("alone", None)]
    )
    def test_layout_of_nnunet_has_the_channel_in_the_names_of_images(self, _: str, described: dict | None) -> None:
        self.put("imagesTr/a_0000.nii.gz", "imagesTr/b_0012.nii.gz", "labelsTr/a.nii.gz", "labelsTr/b_0012.nii.gz")
        if described is not None:
            self.put("dataset.json", content=json.dumps(described).encode())
        cases = labelled_cases(self.root)
        self.assertEqual(self.relative(cases), ["imagesTr/a_0000.nii.gz", "imagesTr/b_0012.nii.gz"])
        self.assertEqual(self.relative(cases, "label"), ["labelsTr/a.nii.gz", "labelsTr/b_0012.nii.gz"])
        self.put("imagesTr/a_0001.nii.gz")
        with self.assertRaisesRegex(InputError, "expected one channel for each case, but found .*a_0001.nii.gz"):
            labelled_cases(self.root)

    def test_list_of_nnunets_first_version_leaves_the_channel_out(self) -> None:
        self.put("imagesTr/a_0000.nii.gz", "labelsTr/a.nii.gz")
        training = [{"image": "./imagesTr/a.nii.gz", "label": "./labelsTr/a.nii.gz"}]
        self.put("dataset.json", content=json.dumps({"training": training}).encode())
        self.assertEqual(self.relative(labelled_cases(self.root)), ["imagesTr/a_0000.nii.gz"])

    def test_image_without_label_raises_and_is_named(self) -> None:
        self.put("imagesTr/a.nii.gz", "imagesTr/b.nii.gz", "labelsTr/a.nii.gz")
        with self.assertRaisesRegex(InputError, r"labelsTr for .*imagesTr/b\.nii\.gz"):
            labelled_cases(self.root)

    def test_listed_file_that_is_missing_raises_and_is_named(self) -> None:
        self.put("imagesTr/a.nii.gz")
        training = [{"image": "imagesTr/a.nii.gz", "label": "labelsTr/a.nii.gz"}]
        self.put("dataset.json", content=json.dumps({"training": training}).encode())
        with self.assertRaisesRegex(InputError, r"1 files.*labelsTr/a\.nii\.gz"):
            labelled_cases(self.root)

    @parameterized.expand([("empty", ()), ("labels_only", ("labelsTr/a.nii.gz",)), ("other", ("a.nii.gz",))])
    def test_folder_without_cases_raises_and_is_named(self, _: str, names: tuple[str, ...]) -> None:
        self.put(*names)
        with self.assertRaisesRegex(InputError, f"imagesTr.*none in {self.root}"):
            labelled_cases(self.root)


if __name__ == "__main__":
    unittest.main()
