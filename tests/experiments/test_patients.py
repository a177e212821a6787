# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np

from monai_unet3plus.experiments import patients
from monai_unet3plus.experiments.patients import assign_folds


def save(file: Path, array: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, np.eye(4)), file)


def write_sources(data: Path) -> None:
    """The four sources with a case or two each; scan 7 is of the patient whose single slices are case 10."""
    volume = np.zeros((4, 4, 2), np.int16)
    cases = []
    for number, spleen in ((7, "good"), (8, "wrong: do not use")):
        for name in ("image", "label"):
            save(data / f"lits/lits_{number:03}/{name}.nii.gz", volume)
        files = {name: f"lits_{number:03}/{name}.nii.gz" for name in ("image", "label")}
        cases.append({**files, "patient": "A", "spleen": spleen})
    (data / "lits/cases.json").write_text(json.dumps(cases))
    (data / "slices").mkdir()
    numbers = {"map": {"7": 10, "8": 11}}
    (data / "slices/patient_map_lits_to_msdslices.json").write_text(json.dumps(numbers))
    image = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    label = (image > 20).astype(np.uint8)
    np.savez(
        data / "slices/msd_liver_slices.npz", image=image, label=label, case=np.array([10, 12]), z=np.array([5, 6])
    )
    np.savez(
        data / "slices/msd_spleen_slices.npz", image=image[:1], label=2 * label[:1], name=np.array(["3_spleen_9.jpg"])
    )
    for name in ("amos_1", "totalsegmentator_2"):
        for file in ("image", "label"):
            save(data / f"labelled/{name}/{file}.nii.gz", volume)
    save(data / "negative/chest.nii.gz", volume)
    save(data / "unusual/head_gantry_tilt_sheared.nii.gz", volume)


class TestPatients(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        data, self.work = Path(folder.name) / "data", Path(folder.name) / "work"
        write_sources(data)
        command = ["patients", "--data_dir", str(data), "--work_dir", str(self.work), "--seen", "amos_1"]
        with mock.patch("sys.argv", command):
            patients.main()
        self.cases = json.loads((self.work / "datalist.json").read_text())["training"]

    def test_each_source_is_listed_with_the_organs_that_it_annotates(self) -> None:
        listed = [(case["source"], case["patient"], case["annotated"]) for case in self.cases]
        both = ["liver", "spleen"]
        expected = [
            ("lits", "lits_A", both),
            ("lits", "lits_A", ["liver"]),
            ("msd_liver_slices", "lits_A", ["liver"]),
            ("msd_liver_slices", "msd_liver_12", ["liver"]),
            ("msd_spleen_slices", "msd_spleen_3", ["spleen"]),
            ("amos", "amos_1", both),
            ("totalsegmentator", "totalsegmentator_2", both),
            ("organ_free", "head_gantry_tilt_sheared", both),
            ("organ_free", "chest", both),
        ]
        self.assertEqual(listed, expected)

    def test_slices_are_volumes_of_one_slice_in_the_patients_axes(self) -> None:
        case = next(case for case in self.cases if case["patient"] == "msd_liver_12")
        image = nib.as_closest_canonical(nib.load(case["image"]))
        pixels = np.arange(12, 24).reshape(3, 4)  # rows from front to back, columns from right to left
        self.assertEqual(image.shape, (4, 3, 1))
        self.assertTrue(np.array_equal(image.get_fdata()[..., 0], pixels[::-1, ::-1].T))
        self.assertEqual((case["intensity_range"], case["spacing_known"]), ([0, 255], False))

    def test_patient_has_one_fold_and_those_seen_have_none(self) -> None:
        folds: dict[str, set[int]] = {}
        for case in self.cases:
            folds.setdefault(case["patient"], set()).add(case["fold"])
        self.assertTrue(all(len(found) == 1 for found in folds.values()))
        self.assertEqual(folds["amos_1"], {-1})

    def test_organ_free_label_maps_are_empty(self) -> None:
        for case in self.cases[-2:]:
            self.assertFalse(np.any(np.asanyarray(nib.load(case["label"]).dataobj)))


class TestAssignFolds(unittest.TestCase):
    def test_each_source_is_spread_evenly(self) -> None:
        cases = [{"source": source, "patient": f"{source}{k}"} for source in "ab" for k in range(10)]
        folds = [case["fold"] for case in assign_folds(cases)]
        self.assertEqual(folds, 2 * 2 * [0, 1, 2, 3, 4])


if __name__ == "__main__":
    unittest.main()
