# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
import logging
import shutil
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np
import SimpleITK
import torch
from monai.utils import optional_import
from parameterized import parameterized
from scipy import ndimage

from monai_unet3plus.utils.command import as_command
from tests.bundle.workflows import BUNDLE, inference, run
from tests.data_sets import REAL_DATA, write_boxes, write_dicom_series

_, has_skimage = optional_import("skimage.measure")


class TestInference(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.data, self.masks = self.work / "data", self.work / "masks"
        write_boxes(self.data, cases=1, test_cases=2)
        self.volume = self.data / "imagesTs" / "box_1.nii.gz"

    def segment(self, source: Path, **overrides: object) -> None:
        run(inference(source, self.masks, **overrides))

    def test_masks_lie_on_the_grids_of_their_files_as_uint8(self) -> None:
        self.segment(self.data)
        self.assertEqual(sorted(p.name for p in self.masks.glob("*.nii.gz")), ["box_1_seg.nii.gz", "box_2_seg.nii.gz"])
        for path in self.masks.glob("*.nii.gz"):
            image = nib.load(self.data / "imagesTs" / path.name.replace("_seg", ""))
            mask = nib.load(path)
            self.assertEqual(mask.shape, image.shape)
            self.assertEqual(mask.get_data_dtype(), np.uint8)
            np.testing.assert_allclose(mask.affine, image.affine, atol=1e-4)

    @parameterized.expand([(".nrrd",), (".mha",)])
    def test_other_formats_give_the_same_mask(self, suffix: str) -> None:
        copies = self.work / "copies"
        copies.mkdir()
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(self.volume)), str(copies / f"copy{suffix}"))
        shutil.copy(self.volume, copies / "original.nii.gz")
        self.segment(copies)
        copy, original = (nib.load(self.masks / f"{name}_seg.nii.gz") for name in ("copy", "original"))
        np.testing.assert_allclose(copy.affine, original.affine, atol=1e-4)
        np.testing.assert_array_equal(np.asarray(copy.dataobj), np.asarray(original.dataobj))
        self.assertEqual(set(np.unique(original.dataobj)), {0, 1})  # else the comparison would mean nothing

    def test_dicom_series_gives_the_same_mask_also_among_others_in_its_folder(self) -> None:
        copies = self.work / "copies"
        write_dicom_series(self.volume, copies / "series", number=2)
        write_dicom_series(self.data / "imagesTs" / "box_2.nii.gz", copies / "series", number=1, slices=3)
        write_dicom_series(self.data / "imagesTs" / "box_2.nii.gz", copies / "series", number=3, modality="MR")
        shutil.copy(self.volume, copies / "original.nii.gz")
        self.segment(copies)
        masks = [nib.load(self.masks / f"{name}_seg.nii.gz") for name in ("series", "original")]
        series, original = (nib.as_closest_canonical(mask) for mask in masks)
        np.testing.assert_allclose(series.affine, original.affine, atol=1e-3)
        np.testing.assert_array_equal(np.asarray(series.dataobj), np.asarray(original.dataobj))

    @parameterized.expand(
        [
            ("one_slice", (48, 40, 1)),
            ("smaller_than_window", (20, 18, 5)),
            ("two_slices", (40, 20, 2)),
            ("smaller_than_the_network_takes", (15, 15, 4)),
            ("very_large", (2048, 640, 1)),
        ]
    )
    def test_odd_sizes_are_segmented(self, name: str, shape: tuple[int, int, int]) -> None:
        path = self.work / name / "odd.nii.gz"
        path.parent.mkdir()
        nib.save(nib.Nifti1Image(np.random.default_rng(0).normal(0, 50, shape).astype(np.int16), np.eye(4)), path)
        self.segment(path.parent, roi_size=[min(512, max(32, size)) for size in shape[:2]], report_pictures=True)
        self.assertEqual(nib.load(self.masks / "odd_seg.nii.gz").shape, shape)
        self.assertTrue((self.masks / "odd_seg.webp").is_file())

    @unittest.skipUnless(find_spec("highdicom"), "highdicom is not installed (extra: dicom)")
    def test_dicom_seg_is_written_beside_the_mask_by_a_switch(self) -> None:
        write_dicom_series(self.volume, self.work / "dicom" / "series")
        self.segment(self.work / "dicom", dicom_seg=True)
        self.assertEqual(
            sorted(path.name for path in self.masks.glob("series_*") if path.suffix != ".json"),
            ["series_seg.dcm", "series_seg.nii.gz"],
        )

    def test_volume_without_any_organ_has_an_empty_mask_and_is_flagged(self) -> None:
        air = self.work / "air" / "air.nii.gz"
        air.parent.mkdir()
        nib.save(
            nib.Nifti1Image(np.random.default_rng(0).normal(-1000, 9, (20, 18, 3)).astype(np.int16), np.eye(4)), air
        )
        self.segment(air.parent, intensity_check="off")
        self.assertFalse(np.asarray(nib.load(self.masks / "air_seg.nii.gz").dataobj).any())
        report = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))
        self.assertEqual(report["cases"][0]["organs"]["liver"]["flags"], ["no liver found"])

    def test_two_organs_become_values_1_and_2(self) -> None:
        self.segment(self.data, organs={"liver": 1, "spleen": 2})
        self.assertEqual(set(np.unique(nib.load(self.masks / "box_1_seg.nii.gz").dataobj)), {0, 1, 2})

    def test_bfloat16_gives_nearly_the_same_mask(self) -> None:
        masks = []
        for lower in (False, True):
            self.segment(self.volume.parent, bfloat16=lower)
            masks.append(np.array(nib.load(self.masks / "box_1_seg.nii.gz").dataobj))
        differing = (masks[0] != masks[1]).mean()
        self.assertGreater(differing, 0)  # random weights, whose logits are often near zero
        self.assertLess(differing, 0.05)

    def test_compiled_network_gives_the_same_mask(self) -> None:
        masks: list[np.ndarray] = []
        remarks: list[str] = []
        for options in ({"crop_to_body": False}, {"compile": True, "handlers#1#compile_kwargs": {"backend": "eager"}}):
            with mock.patch("torch.compile", wraps=torch.compile) as compiler:
                self.segment(self.volume.parent, bfloat16=False, overwrite=True, **options)
            self.assertEqual(compiler.call_count, 2 if "compile" in options else 0)  # encoder and decoder
            masks.append(np.array(nib.load(self.masks / "box_1_seg.nii.gz").dataobj))
            remarks += self.remarks()
        self.assertGreater(masks[0].max(), 0)
        self.assertLess((masks[0] != masks[1]).mean(), 1e-3)
        self.assertNotIn("compiled", " ".join(remarks))

    def test_report_says_if_the_network_could_not_be_compiled(self) -> None:
        with mock.patch("torch.compile", side_effect=RuntimeError("No working C++ compiler found")):
            self.segment(self.volume.parent, compile=True)
        reason = "the network is not compiled, which is slower: RuntimeError: No working C++ compiler found"
        self.assertEqual(self.remarks().count(reason), 1)
        self.assertTrue((self.masks / "box_1_seg.nii.gz").is_file())

    def remarks(self) -> list[str]:
        """Of all cases."""
        cases = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))["cases"]
        return [remark for case in cases for remark in case["remarks"]]

    @parameterized.expand([("at_once", 0), ("by_a_worker", 1)])
    def test_bad_cases_do_not_sink_the_others_and_end_with_status_3(self, _: str, num_workers: int) -> None:
        (self.data / "imagesTs" / "text.nii.gz").write_text("no image")
        broken = np.full((8, 8, 8), np.nan, np.float32)
        nib.save(nib.Nifti1Image(broken, np.eye(4)), self.data / "imagesTs" / "nan.nii.gz")
        workflow = inference(self.data, self.masks, num_workers=num_workers)
        workflow.initialize()
        with self.assertLogs(level=logging.ERROR) as log:
            workflow.run()
            with self.assertRaises(SystemExit) as end, as_command():
                workflow.finalize()
        self.assertEqual(end.exception.code, 3)
        self.assertIn("2 of 4 cases segmented, 2 failed", log.output[-1])
        self.assertRegex("\n".join(log.output), r"nan\.nii\.gz: expected finite voxel values, but 512 of 512 are NaN")
        self.assertEqual(sorted(p.name for p in self.masks.glob("*.nii.gz")), ["box_1_seg.nii.gz", "box_2_seg.nii.gz"])

    def test_report_and_records_say_what_to_look_at(self) -> None:
        self.segment(self.data, organs={"liver": 1, "tail": 2}, volume_range_ml={"tail": [900, 1000]})
        report = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))
        record = json.loads((self.masks / "box_1_seg.json").read_text(encoding="utf-8"))
        self.assertEqual(report["cases"][0]["organs"], record["organs"])
        facts = record["organs"]["tail"]
        mask = np.asarray(nib.load(self.masks / "box_1_seg.nii.gz").dataobj)
        self.assertAlmostEqual(facts["volume_ml"], (mask == 2).sum() * 1.5 * 1.5 * 4 / 1000, places=2)
        self.assertIn("outside 900 to 1000 ml", facts["flags"][0])
        self.assertEqual(facts["uncertain_slices"], 0)

    def test_images_that_are_no_ct_are_refused_unless_told_otherwise(self) -> None:
        image = nib.load(self.volume)
        mr = self.work / "mr" / "mr.nii.gz"
        mr.parent.mkdir()
        nib.save(nib.Nifti1Image((np.asarray(image.dataobj) + 1000).astype(np.int16), image.affine), mr)
        with self.assertLogs(level=logging.ERROR) as log, self.assertRaises(SystemExit):
            self.segment(mr.parent)
        self.assertIn("expected Hounsfield units", log.output[-2])
        self.segment(mr.parent, intensity_check="warn")
        report = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))
        self.assertIn("expected Hounsfield units", report["cases"][0]["remarks"][0])

    @unittest.skipUnless(has_skimage, "scikit-image is not installed")
    def test_only_the_largest_part_is_kept_if_asked_for(self) -> None:
        self.segment(self.data, keep_largest=True)
        mask = np.asarray(nib.load(self.masks / "box_1_seg.nii.gz").dataobj)
        self.assertEqual(ndimage.label(mask, np.ones((3, 3, 3)))[1], 1)
        self.segment(self.data)  # another setting, so the masks are made again
        mask = np.asarray(nib.load(self.masks / "box_1_seg.nii.gz").dataobj)
        self.assertGreater(ndimage.label(mask, np.ones((3, 3, 3)))[1], 1)

    def test_second_run_does_what_is_missing(self) -> None:
        self.segment(self.data, report_pictures=True)
        (self.masks / "box_2_seg.nii.gz").unlink()
        for overwrite, counts in ((False, {"unchanged": 1, "segmented": 1}), (True, {"segmented": 2})):
            self.segment(self.data, overwrite=overwrite, report_pictures=True)
            report = json.loads((self.masks / "report.json").read_text(encoding="utf-8"))
            self.assertEqual(report["counts"], {**counts, "not_tried": 0})
            page = (self.masks / "report.html").read_text(encoding="utf-8")
            for case in ("box_1", "box_2"):  # with their pictures, also of the case that had its mask
                picture = (self.masks / f"{case}_seg.webp").read_bytes()
                self.assertIn(base64.b64encode(picture).decode(), page)
                self.assertLess(len(picture), 1 << 17)

    def test_pictures_are_left_out_by_a_switch(self) -> None:
        self.segment(self.data, report_pictures=False)
        self.assertEqual(list(self.masks.glob("*.webp")), [])
        self.assertEqual((self.masks / "report.html").read_text(encoding="utf-8").count("no picture"), 2)

    @parameterized.expand(
        [
            ("folder", {"dataset_dir": "/does/not/exist"}, "dataset_dir: expected a CT or a folder of CTs"),
            ("checkpoint", {"checkpoint": "/no/model.pt"}, "/no/model.pt does not exist. Train"),
            ("slices", {"num_slices": 2}, "num_slices: expected an odd number"),
            ("width", {"organs": {"liver": 1}, "features": [8, 8, 16, 16, 32]}, "random_1.pt does not fit the network"),
        ]
    )
    def test_wrong_arguments_end_in_one_sentence_and_status_1(self, _: str, wrong: dict, sentence: str) -> None:
        with self.assertLogs("monai_unet3plus", logging.ERROR) as log, self.assertRaises(SystemExit) as end:
            run(inference(**{"dataset_dir": self.data, "output_dir": self.masks, **wrong}))
        self.assertEqual(end.exception.code, 1)
        self.assertEqual(len(log.output), 1)
        self.assertIn(sentence, log.output[0])

    def test_delivered_weights_are_warned_of(self) -> None:
        workflow = inference(
            self.data,
            self.masks,
            checkpoint=str(BUNDLE / "models" / "model.pt"),
            features=[16, 32, 64, 128, 256],
            organs={"liver": 1, "spleen": 2},
        )
        with self.assertLogs("monai_unet3plus.handlers.checkpoint", logging.WARNING) as log:
            workflow.initialize()
            workflow.run()
        self.assertEqual(len(log.output), 1)
        self.assertIn("a research demonstration", log.output[0])
        self.assertIn(
            "<strong>Warning:</strong> these weights", (self.masks / "report.html").read_text(encoding="utf-8")
        )


WHOLE_SLICES = {"roi_size": [-1, -1]}
COARSE = {**WHOLE_SLICES, "pixel_size": 4.0}


@unittest.skipUnless(REAL_DATA.is_dir(), "the real CTs are not on this machine")
class TestRealData(unittest.TestCase):
    """Geometry on real files, with a narrow network of random weights: the masks do not matter here."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.masks = Path(folder.name) / "masks"

    @parameterized.expand(["labelled", "negative"])
    def test_every_volume_comes_back_on_its_grid(self, folder: str) -> None:
        # label maps lie beside the CTs here, and are no CTs
        run(inference(REAL_DATA / folder, self.masks, **COARSE, output_postfix="out", intensity_check="off"))
        images = sorted(p for p in (REAL_DATA / folder).rglob("*.nii.gz") if "label" not in p.name)
        self.assertTrue(images)
        for path in images:
            mask_path = self.masks / path.relative_to(REAL_DATA / folder)
            mask = nib.load(mask_path.with_name(path.name.replace(".nii.gz", "_out.nii.gz")))
            image = nib.load(path)
            self.assertEqual(mask.shape, image.shape)
            np.testing.assert_allclose(mask.affine, image.affine, atol=1e-3)
            self.assertEqual(mask.get_data_dtype(), np.uint8)

    def test_dicom_series_comes_back_on_its_grid(self) -> None:
        series = REAL_DATA / "unusual" / "dicom_series"
        run(inference(series, self.masks, **COARSE))
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
        image, mask = reader.Execute(), SimpleITK.ReadImage(str(self.masks / "dicom_series_seg.nii.gz"))
        self.assertEqual(mask.GetSize(), image.GetSize())
        corner = [size - 1 for size in image.GetSize()]
        for index in ([0, 0, 0], corner, [corner[0], 0, 0], [0, corner[1], 0]):
            place = image.TransformIndexToPhysicalPoint(index)
            same = mask.TransformPhysicalPointToContinuousIndex(place)
            if place == mask.TransformIndexToPhysicalPoint(index):
                continue
            self.assertTrue(
                np.all(np.abs(np.asarray(place) - mask.TransformContinuousIndexToPhysicalPoint(same)) < 0.01)
            )

    def test_two_axis_orders_give_the_same_mask_in_the_patient(self) -> None:
        for order in ("ras", "pir"):
            run(
                inference(
                    REAL_DATA / "unusual" / f"mr_axes_{order}.nii.gz",
                    self.masks,
                    window=[0, 1000],
                    intensity_check="off",
                    **WHOLE_SLICES,
                )
            )
        masks = [
            nib.as_closest_canonical(nib.load(self.masks / f"mr_axes_{order}_seg.nii.gz")) for order in ("ras", "pir")
        ]
        np.testing.assert_allclose(masks[0].affine, masks[1].affine, atol=1e-3)
        np.testing.assert_array_equal(np.asarray(masks[0].dataobj), np.asarray(masks[1].dataobj))
        self.assertEqual(len(np.unique(masks[0].dataobj)), 2)

    @parameterized.expand([("mr_4d.nii.gz", 4), ("tiny_5d.nii", 5)])
    def test_more_than_three_dimensions_are_refused(self, name: str, dimensions: int) -> None:
        workflow = inference(REAL_DATA / "unusual" / name, self.masks)
        workflow.initialize()
        with self.assertLogs(level=logging.ERROR) as log:
            workflow.run()
        self.assertIn(f"{name}: expected one 3D volume, but found {dimensions} dimensions", log.output[0])
        self.assertEqual(list(self.masks.glob("*.nii.gz")), [])

    def test_sheared_grid_is_kept(self) -> None:
        path = REAL_DATA / "unusual" / "head_gantry_tilt_sheared.nii.gz"
        run(inference(path, self.masks, **COARSE))
        mask = nib.load(self.masks / "head_gantry_tilt_sheared_seg.nii.gz")
        np.testing.assert_allclose(mask.affine, nib.load(path).affine, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
