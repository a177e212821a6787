# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""One volume stored in every axis order, and with every flip, gives one mask in the patient."""

from __future__ import annotations

import itertools
import tempfile
import unittest
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff

from tests.broken_files import write_ct
from tests.bundle.workflows import inference, run

ANGLES = np.deg2rad([12.0, -8.0, 20.0])  # oblique, and every axis still nearest to its own


def oblique(spacing: tuple[float, float, float]) -> np.ndarray:
    rotation = np.eye(3)
    for axis, angle in enumerate(ANGLES):
        one, other = [k for k in range(3) if k != axis]
        turn = np.eye(3)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
        rotation = turn @ rotation
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing
    affine[:3, 3] = 13, -47, 91
    return affine


class TestGeometry(unittest.TestCase):
    def test_all_48_axis_orders_and_flips_give_one_mask(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_ct(folder / "ct.nii.gz", (19, 17, 4), oblique((1.5, 1.3, 4.0)))
            image = nib.load(folder / "ct.nii.gz")
            array = np.asarray(image.dataobj)
            stored = {}
            for order in itertools.permutations(range(3)):
                for flips in itertools.product((1, -1), repeat=3):
                    orientation = np.array(list(zip(order, flips)))
                    turned = apply_orientation(array, orientation)
                    affine = image.affine @ inv_ornt_aff(orientation, array.shape)
                    number = f"{len(stored):02d}"
                    stored[number] = orientation
                    path = folder / "data" / f"{number}.nii.gz"
                    path.parent.mkdir(exist_ok=True)
                    nib.save(nib.Nifti1Image(turned, affine), path)
            self.assertEqual(len(stored), 48)
            run(inference(folder / "data", folder / "masks"))
            expected = None
            for number, orientation in stored.items():
                mask = nib.load(folder / "masks" / f"{number}_seg.nii.gz")
                here = nib.load(folder / "data" / f"{number}.nii.gz")
                np.testing.assert_array_equal(mask.affine, here.affine)
                undone = _undo(np.asarray(mask.dataobj), orientation)
                if expected is None:
                    expected = undone
                np.testing.assert_array_equal(undone, expected, err_msg=number)
            self.assertEqual(set(np.unique(expected)), {0, 1})


def _undo(array: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    """The inverse of nibabel's apply_orientation, which flips first and then moves input axis k to orientation[k]."""
    moved = array.transpose([int(axis) for axis in orientation[:, 0]])
    return moved[tuple(slice(None, None, int(flip)) for flip in orientation[:, 1])]


if __name__ == "__main__":
    unittest.main()
