# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
from parameterized import parameterized

from monai_unet3plus.phantom import dataset, make_phantom, write_phantoms
from monai_unet3plus.phantom.__main__ import main

RANGES: dict[str, Any] = {"pixel_size": (4.0, 5.0), "slice_thickness": (8.0, 10.0)}


class TestDataset(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def test_layout(self):
        path = write_phantoms(self.root / "a", cases=2, seed=3, test_cases=1, workers=1, **RANGES)
        index = json.loads(path.read_text())
        self.assertEqual(path, self.root / "a" / "dataset.json")
        self.assertIn("ynthetic phantom", index["description"])
        self.assertEqual(index["modality"], {"0": "CT"})
        self.assertEqual(index["labels"], {"0": "background", "1": "liver", "2": "spleen"})
        self.assertEqual((index["numTraining"], index["numTest"]), (2, 1))
        self.assertEqual(
            index["training"], [{k: f"./{k}sTr/phantom_{i:03d}.nii.gz" for k in ("image", "label")} for i in range(2)]
        )
        self.assertEqual(index["test"], ["./imagesTs/phantom_002.nii.gz"])
        listed = {f"{kind}/phantom_{i:03d}.nii.gz" for kind in ("imagesTr", "labelsTr") for i in range(2)}
        listed |= {"imagesTs/phantom_002.nii.gz", "labelsTs/phantom_002.nii.gz", "dataset.json"}
        found = {p.relative_to(path.parent).as_posix() for p in path.parent.rglob("*") if p.is_file()}
        self.assertEqual(found, listed)

        image, label = (nib.Nifti1Image.from_filename(path.parent / name) for name in index["training"][1].values())
        self.assertEqual((image.get_data_dtype(), label.get_data_dtype()), (np.int16, np.uint8))
        phantom = make_phantom(3, 1, **RANGES)
        np.testing.assert_array_equal(np.asarray(image.dataobj), phantom.image)
        np.testing.assert_array_equal(np.asarray(label.dataobj), phantom.label)
        for stored in (image.get_sform(), image.get_qform(), label.affine):
            np.testing.assert_allclose(stored, phantom.affine, atol=1e-3)

        # neither the number of workers nor the number of cases changes the bytes of a case
        write_phantoms(self.root / "b", cases=3, seed=3, workers=2, **RANGES)
        for i, part in ((0, "Tr"), (1, "Tr"), (2, "Ts")):
            for kind in ("images", "labels"):
                name = f"phantom_{i:03d}.nii.gz"
                first, second = self.root / "a" / f"{kind}{part}" / name, self.root / "b" / f"{kind}Tr" / name
                self.assertEqual(first.read_bytes(), second.read_bytes(), name)

    def test_failure_leaves_no_partial_file(self):
        with mock.patch.object(dataset.nib.Nifti1Image, "to_stream", side_effect=OSError("disk full")):
            with self.assertRaisesRegex(OSError, "disk full"):
                write_phantoms(self.root, cases=1, seed=0, workers=1, **RANGES)
        self.assertEqual([p for p in self.root.rglob("*") if p.is_file()], [])

    def test_existing_case_is_replaced(self):
        (self.root / "labelsTr").mkdir()
        old = self.root / "labelsTr" / "phantom_000.nii.gz"
        old.write_bytes(b"old")
        write_phantoms(self.root, cases=1, seed=0, workers=1, **RANGES)
        self.assertEqual(set(np.unique(np.asarray(nib.Nifti1Image.from_filename(old).dataobj))), {0, 1, 2})


class TestCommandLine(unittest.TestCase):
    @parameterized.expand(
        [
            (["--cases", "0"], "--cases: found 0, expected an integer of 1 or more"),
            (["--seed", "-1"], "--seed: found -1, expected an integer of 0 or more"),
            (["--test_cases", "-2"], "--test_cases: found -2, expected an integer of 0 or more"),
            (["--workers", "0"], "--workers: found 0, expected an integer of 1 or more"),
            (["--pixel_size", "0.9", "0.6"], "--pixel_size: found 0.9 0.6, expected MIN <= MAX"),
            (["--slice_thickness", "-1", "2"], "--slice_thickness: found -1.0 2.0, expected MIN <= MAX"),
            (["--output_dir", __file__], "--output_dir: found the file "),
            (["--output_dir", f"{__file__}/below"], "--output_dir: found the file "),
            (["--cases", "many"], "--cases: invalid int value: 'many'"),
        ]
    )
    def test_bad_arguments(self, change, message):
        errors = io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            good = ["--output_dir", f"{folder}/new", "--cases", "1", "--seed", "0"]
            with contextlib.redirect_stderr(errors), self.assertRaises(SystemExit) as stop:
                main(good + change)
            self.assertEqual(list(Path(folder).iterdir()), [])
        self.assertEqual(stop.exception.code, 2)
        self.assertIn(message, errors.getvalue())

    def test_writes(self):
        with tempfile.TemporaryDirectory() as folder:
            ranges = ["--pixel_size", "5", "5", "--slice_thickness", "10", "10"]
            main(["--output_dir", folder, "--cases", "1", "--seed", "0", *ranges])
            index = json.loads((Path(folder) / "dataset.json").read_text())
            self.assertTrue((Path(folder) / index["training"][0]["image"]).is_file())


if __name__ == "__main__":
    unittest.main()
