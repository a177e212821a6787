# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from parameterized import parameterized
from pydicom import Dataset

from monai_unet3plus.data.reading.volume import Volume, read_volume
from monai_unet3plus.utils.errors import InputError
from tests.dicom_files import SPACING, axial_positions, ct_slices, enhanced_ct, hounsfield, save_dicom

HU = hounsfield()
TILT = np.deg2rad(20)
TILTED = [1.0, 0.0, 0.0, 0.0, float(np.cos(TILT)), float(np.sin(TILT))]


class GridCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "ct"

    def read(self, datasets: Sequence[Dataset]) -> Volume:
        return read_volume(save_dicom(self.folder, datasets))

    def compare(
        self, volume: Volume, planes: np.ndarray, positions: Any, orientation: Any = None, atol: float = 1e-3
    ) -> None:
        """Voxels are the planes, and the first and last pixel of each lie where the file says."""
        np.testing.assert_array_equal(volume.array.T, planes)
        along, down = np.reshape([1, 0, 0, 0, 1, 0] if orientation is None else orientation, (2, 3))
        rows, columns = planes.shape[1] - 1, planes.shape[2] - 1
        for number, first in enumerate(positions):
            last = first + columns * SPACING[1] * along + rows * SPACING[0] * down
            for voxel, place in (((0, 0, number), first), ((columns, rows, number), last)):
                found = (volume.affine @ [*voxel, 1])[:3] * [-1, -1, 1]  # DICOM's axes go to the left and to the back
                np.testing.assert_allclose(found, place, atol=atol)


class TestEvenGrids(GridCase):
    def test_plain_slices_in_any_order_lie_where_they_say_and_as_itk_reads_them(self) -> None:
        slices = ct_slices(HU)
        volume = self.read([slices[k] for k in (3, 0, 5, 1, 4, 2)])
        self.compare(volume, HU, axial_positions(6))
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(self.folder)))
        np.testing.assert_array_equal(volume.array.T, SimpleITK.GetArrayFromImage(reader.Execute()))
        self.assertEqual(volume.warnings, [])

    def test_frames_in_any_order_lie_where_they_say(self) -> None:
        order = [3, 0, 5, 1, 4, 2]
        positions = axial_positions(6)
        volume = self.read([enhanced_ct(HU[order], [positions[k] for k in order])])
        self.compare(volume, HU, positions)

    def test_concatenation_in_two_files_is_one_volume(self) -> None:
        positions = axial_positions(6)
        self.compare(self.read([enhanced_ct(HU[4:], positions[4:]), enhanced_ct(HU[:4], positions[:4])]), HU, positions)

    @parameterized.expand([(2,), (1,)])
    def test_rounded_positions_are_even(self, digits: int) -> None:
        exact = axial_positions(6, 0.625)
        rounded = [tuple(round(value, digits) for value in position) for position in exact]
        for datasets in (ct_slices(HU, rounded), [enhanced_ct(HU, rounded)]):
            self.compare(self.read(datasets), HU, rounded, atol=0.1)

    @parameterized.expand([("plain", False), ("enhanced", True)])
    def test_tilted_gantry_gives_a_sheared_grid(self, _: str, enhanced: bool) -> None:
        datasets = [enhanced_ct(HU)] if enhanced else ct_slices(HU, ImageOrientationPatient=TILTED)
        if enhanced:
            shared = datasets[0].SharedFunctionalGroupsSequence[0]
            shared.PlaneOrientationSequence[0].ImageOrientationPatient = TILTED
        volume = self.read(datasets)
        self.compare(volume, HU, axial_positions(6), TILTED)
        self.assertGreater(abs(volume.affine[:3, 1] @ volume.affine[:3, 2]), 1)

    def test_one_slice_is_as_thick_as_it_says(self) -> None:
        volume = self.read(ct_slices(HU[:1], SliceThickness=7))
        np.testing.assert_allclose(np.linalg.norm(volume.affine[:3, :3], axis=0), [*SPACING[::-1], 7])
        self.assertEqual(volume.warnings, [])

    def test_one_slice_without_a_thickness_is_warned_of(self) -> None:
        volume = self.read(ct_slices(HU[:1], SliceThickness=None))
        self.assertEqual(np.linalg.norm(volume.affine[:3, 2]), 1)
        self.assertIn("states no thickness; taken as 1 mm", volume.warnings[0])


class TestRefusals(GridCase):
    def refuse(self, datasets: Sequence[Dataset], sentence: str) -> None:
        with self.assertRaisesRegex(InputError, f"ct: expected {sentence}"):
            self.read(datasets)

    @parameterized.expand([("plain", False), ("enhanced", True)])
    def test_missing_slice(self, _: str, enhanced: bool) -> None:
        kept = [0, 1, 2, 4, 5]
        positions = [axial_positions(6)[k] for k in kept]
        datasets = [enhanced_ct(HU[kept], positions)] if enhanced else ct_slices(HU[kept], positions)
        self.refuse(datasets, r"evenly spaced slices, but .* 5.00 to 10.00 mm, the widest after slice 3 of 5.*missing")

    def test_thin_slices_of_which_one_is_missing(self) -> None:
        positions = axial_positions(41, 0.4)
        del positions[20]
        volume = hounsfield((40, 12, 10))
        self.refuse(ct_slices(volume, positions), "evenly spaced slices, but .*after slice 20 of 40")

    def test_table_that_moved_sideways(self) -> None:
        positions = [(x + (40 if k > 3 else 0), y, z) for k, (x, y, z) in enumerate(axial_positions(6))]
        self.refuse(ct_slices(HU, positions), r"slices on an even grid, but .* slice \d of 6 lies up to \d+.\d mm")

    def test_two_pixel_sizes(self) -> None:
        slices = ct_slices(HU)
        for ds in slices[:2]:
            ds.PixelSpacing = [4, 4]
        self.refuse(slices, "slices on an even grid, but .* slice 1 of 6 lies up to")

    def test_slice_that_is_turned(self) -> None:
        slices = ct_slices(HU)
        slices[2].ImageOrientationPatient = [
            float(np.cos(0.03)),
            float(np.sin(0.03)),
            0,
            -float(np.sin(0.03)),
            float(np.cos(0.03)),
            0,
        ]
        self.refuse(slices, "slices on an even grid, but .* slice 3 of 6 lies up to")

    def test_two_sizes(self) -> None:
        more = ct_slices(HU[4:, :8], axial_positions(6)[4:])
        self.refuse([*ct_slices(HU[:4]), *more], "slices of one size, but found 10 x 8 and 10 x 12 pixels")

    def test_slices_without_a_position_or_spacing(self) -> None:
        for field, name in (
            ("ImagePositionPatient", "Image Position"),
            ("ImageOrientationPatient", "Image Position"),
            ("PixelSpacing", "Pixel Spacing"),
        ):
            slices = ct_slices(HU)
            for ds in slices[4:]:
                delattr(ds, field)
            self.refuse(slices, f"{name}.* in each slice, but 2 of 6 have none.*, such as")


if __name__ == "__main__":
    unittest.main()
