# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized
from scipy import ndimage

from monai_unet3plus.transforms import ResamplePlaned
from monai_unet3plus.transforms.plane import plane_size, resample_plane

AFFINE = torch.tensor([[-0.8, 0, 0, 50], [0, 1.2, 0, -20], [0, 0, 5, 7], [0, 0, 0, 1]], dtype=torch.float64)


def linear_volume(shape: tuple[int, int, int] = (20, 30, 4)) -> MetaTensor:
    """A volume whose value is the patient coordinate x + 2 y, as its affine has it."""
    rows, columns, _ = torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij")
    values = (-0.8 * rows + 50) + 2 * (1.2 * columns - 20)
    return MetaTensor(values[None].float(), affine=AFFINE)


class TestResamplePlaned(unittest.TestCase):
    @parameterized.expand([0.5, 2.0])
    def test_values_stay_where_they_are_in_the_patient(self, pixel_size: float) -> None:
        out = ResamplePlaned("image", pixel_size)({"image": linear_volume()})["image"]
        index = torch.stack(torch.meshgrid(*(torch.arange(n) for n in out.shape[1:]), indexing="ij"))
        x, y, _ = (
            torch.einsum("ij,jhwd->ihwd", out.affine[:3, :3], index.double()) + out.affine[:3, 3, None, None, None]
        )
        inner = (slice(2, -2), slice(2, -2))  # towards the border there is less to average over
        # PyTorch's filter leans to one side by up to a twentieth of a pixel where the ratio is no whole number
        np.testing.assert_allclose(out[0].numpy()[inner], (x + 2 * y).numpy()[inner], atol=0.15 * pixel_size)

    def test_size_and_slices(self) -> None:
        out = ResamplePlaned("image", 2.0)({"image": linear_volume()})["image"]
        self.assertEqual(tuple(out.shape), (1, 8, 18, 4))
        np.testing.assert_allclose(out.pixdim, [2.0, 2.0, 5.0])

    def test_labels_keep_their_values_and_share(self) -> None:
        label = torch.zeros(1, 60, 60, 2, dtype=torch.uint8)
        label[0, 10:40, 10:40], label[0, 40:55, 10:40] = 2, 5
        out = ResamplePlaned("label", 2.0, True)({"label": MetaTensor(label, affine=torch.eye(4))})["label"]
        self.assertEqual(out.dtype, torch.uint8)
        self.assertEqual(out.unique().tolist(), [0, 2, 5])
        for value in (2, 5):
            self.assertAlmostEqual(4 * int((out == value).sum()), int((label == value).sum()), delta=0.1 * 2 * 900)

    def test_empty_label_map_stays_empty(self) -> None:
        label = MetaTensor(torch.zeros(1, 9, 8, 3, dtype=torch.uint8), affine=torch.eye(4))
        out = ResamplePlaned("label", 2.0, True)({"label": label})["label"]
        self.assertEqual((tuple(out.shape), int(out.max())), ((1, 4, 4, 3), 0))

    def test_needs_a_spacing(self) -> None:
        with self.assertRaisesRegex(TypeError, "MetaTensor"):
            ResamplePlaned("image", 2.0)({"image": np.zeros((1, 4, 4, 4), np.float32)})
        with self.assertRaisesRegex(ValueError, "pixel_size"):
            ResamplePlaned("image", 0.0)


class TestResamplePlane(unittest.TestCase):
    def test_larger_pixels_average(self) -> None:
        noise = torch.randn(1, 1, 90, 90, generator=torch.Generator().manual_seed(0))
        out = resample_plane(noise, (30, 30))
        # a triangle of half-width 3, sampled at the middle of every third pixel
        kernel = np.array([1, 2, 3, 2, 1]) / 9
        expected = ndimage.convolve1d(ndimage.convolve1d(noise[0, 0].numpy(), kernel, 0), kernel, 1)[1::3, 1::3]
        np.testing.assert_allclose(out[0, 0].numpy()[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)

    def test_same_size_is_the_same_tensor(self) -> None:
        image = torch.rand(1, 1, 5, 6)
        self.assertIs(resample_plane(image, [5, 6]), image)

    def test_size_is_at_least_one_pixel(self) -> None:
        self.assertEqual(plane_size((512, 3), (0.8, 0.1), 2.0), [205, 1])


if __name__ == "__main__":
    unittest.main()
