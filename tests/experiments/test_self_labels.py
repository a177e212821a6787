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

from monai_unet3plus.experiments import self_labels
from monai_unet3plus.experiments.self_labels import change, is_certain
from monai_unet3plus.masks.paths import mask_path


def square(low: int, high: int) -> np.ndarray:
    mask = np.zeros((64, 64, 1), bool)
    mask[low:high, low:high] = True
    return mask


class TestIsCertain(unittest.TestCase):
    def test_masks_that_agree_and_are_of_one_piece(self) -> None:
        two_pieces = square(10, 20) | square(30, 40)
        for mask, again, expected in (
            (square(10, 30), square(10, 30), True),
            (square(10, 30), square(11, 31), True),  # Dice 0.9025
            (square(10, 30), square(12, 32), False),  # Dice 0.81
            (square(10, 30), square(0, 0), False),
            (square(10, 15), square(10, 15), False),  # too small
            (two_pieces, two_pieces, False),
        ):
            self.assertEqual(is_certain(mask, again, least_dice=0.9, least_voxels=100), expected)


class TestChange(unittest.TestCase):
    def test_the_image_is_shifted_and_stays_within_its_range(self) -> None:
        values = np.where(square(20, 40), 200, 0).astype(np.int16)
        changed = np.asarray(change(nib.Nifti1Image(values, np.eye(4)), seed=0).dataobj)
        self.assertTrue(changed.min() >= 0 and changed.max() <= 200)
        moved_back = np.roll(changed, (-8, -8), (0, 1)) > 100
        self.assertGreater((moved_back == square(20, 40)).mean(), 0.98)
        self.assertLess(((changed > 100) == square(20, 40)).mean(), 0.95)


class TestCommand(unittest.TestCase):
    def test_certain_masks_become_labels_beside_those_there(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            cases = []
            for number in range(3):
                for name, mask in (("image", square(20, 40)), ("label", square(36, 50))):
                    nib.save(nib.Nifti1Image(mask.astype(np.int16), np.eye(4)), work / f"{name}_{number}.nii.gz")
                cases.append({key: str(work / f"{key}_{number}.nii.gz") for key in ("image", "label")})
                cases[-1] |= {"annotated": ["liver"], "source": "b" if number == 2 else "a"}  # type: ignore[dict-item]
            (work / "list.json").write_text(json.dumps({"training": cases}))

            def segment(bundle: Path, configs: str, overrides: dict) -> None:
                """The spleen where the image is: of the second case only without changes."""
                images, output = overrides["dataset_dir"], overrides["output_dir"]
                for file in sorted(images.glob("*.nii.gz")):
                    found = 2 * square(28, 48) if "changed" in images.parts else 2 * square(20, 40)
                    if file.name == "case_00001.nii.gz" and "changed" in images.parts:
                        found = np.zeros((64, 64, 1))
                    path = mask_path(file, images, output)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    nib.save(nib.Nifti1Image(found.astype(np.uint8), np.eye(4)), path)

            command = ["x", "--datalist_file", str(work / "list.json"), "--checkpoint", "w.pt", "--organ", "spleen"]
            command += ["--source", "a", "--work_dir", str(work / "w"), "--output", str(work / "new.json")]
            with mock.patch("sys.argv", command), mock.patch.object(self_labels, "run_bundle", segment):
                self_labels.main()
            listed = json.loads((work / "new.json").read_text())["training"]
            self.assertEqual([case["annotated"] for case in listed], [["liver", "spleen"], ["liver"], ["liver"]])
            self.assertEqual([case["label"] for case in listed[1:]], [case["label"] for case in cases[1:]])
            label = np.asarray(nib.Nifti1Image.from_filename(listed[0]["label"]).dataobj)
            expected = np.where(square(36, 50), 1, 2 * square(20, 40))
            np.testing.assert_array_equal(label, expected)


if __name__ == "__main__":
    unittest.main()
