# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from collections import Counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from monai.data import CacheDataset, MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import RandSlabCropd

SHAPE = (9, 8, 7)
WINDOW = (4, 3)
DRAWS = 2000
ORGAN_SLICES = (0, 2, 3)


def volume_and_label(organ_slices: tuple[int, ...] = ORGAN_SLICES) -> dict[str, torch.Tensor]:
    """A voxel's value is its place, 100 row + 10 column + slice. The organ is a few voxels per slice, 1 or 2."""
    rows, columns, slices = torch.meshgrid(*(torch.arange(n) for n in SHAPE), indexing="ij")
    label = torch.zeros(SHAPE, dtype=torch.uint8)
    for z in organ_slices:
        label[z, 7, z] = 1
        label[8 - z, 0, z] = 2
    return {"image": (100 * rows + 10 * columns + slices)[None].float(), "label": label[None]}


def draw(data: dict[str, torch.Tensor], num_samples: int = DRAWS, seed: int = 0, **kwargs: Any) -> list[dict]:
    crop = RandSlabCropd(
        ["image", "label"], "label", spatial_size=WINDOW, num_slices=(3, 1), num_samples=num_samples, **kwargs
    )
    return crop.set_random_state(seed)(data)


def place_of(sample: dict[str, torch.Tensor]) -> tuple[int, int, int]:
    """Row and column of the window's first corner and the centre slice, read from the image's values."""
    value = int(sample["image"][0, 0, 0, 1])
    return value // 100, value // 10 % 10, value % 10


class TestRandSlabCropd(unittest.TestCase):
    @parameterized.expand([0.0, 0.2, 0.5, 1.0])
    def test_given_share_of_centre_slices_is_organ_free(self, share: float) -> None:
        samples = draw(volume_and_label(), organ_free_share=share)
        organ_free = sum(place_of(sample)[2] not in ORGAN_SLICES for sample in samples)
        sigma = (share * (1 - share) * DRAWS) ** 0.5
        self.assertLessEqual(abs(organ_free - share * DRAWS), 3 * sigma)

    def test_every_slice_is_a_centre_equally_often_among_its_kind(self) -> None:
        counts = Counter(place_of(sample)[2] for sample in draw(volume_and_label(), organ_free_share=0.4))
        self.assertEqual(set(counts), set(range(SHAPE[2])), "the first and last slice have to occur too")
        for kind, share in ((ORGAN_SLICES, 0.6), ((1, 4, 5, 6), 0.4)):
            p = share / len(kind)
            for z in kind:
                self.assertLessEqual(abs(counts[z] - p * DRAWS), 4 * (p * (1 - p) * DRAWS) ** 0.5, f"slice {z}")

    def test_slabs_are_neighbours_and_edge_slices_repeat(self) -> None:
        data = volume_and_label()
        for sample in draw(data, num_samples=300):
            row, column, z = place_of(sample)
            neighbours = [max(z - 1, 0), z, min(z + 1, SHAPE[2] - 1)]
            for channel, neighbour in enumerate(neighbours):
                expected = data["image"][:, row : row + 4, column : column + 3, neighbour]
                self.assertTrue(torch.equal(sample["image"][..., channel], expected))

    def test_label_lies_where_the_image_lies(self) -> None:
        data = volume_and_label()
        for sample in draw(data, num_samples=300):
            row, column, z = place_of(sample)
            expected = data["label"][:, row : row + 4, column : column + 3, z : z + 1]
            self.assertTrue(torch.equal(sample["label"], expected))

    def test_window_holds_an_organ_voxel_if_the_centre_slice_does(self) -> None:
        for sample in draw(volume_and_label(), num_samples=500):
            self.assertEqual(bool(sample["label"].any()), place_of(sample)[2] in ORGAN_SLICES)

    def test_windows_of_organ_free_slices_reach_every_place(self) -> None:
        corners = {place_of(sample)[:2] for sample in draw(volume_and_label(), organ_free_share=1)}
        self.assertEqual(corners, {(row, column) for row in range(9 - 4 + 1) for column in range(8 - 3 + 1)})

    def test_organ_voxel_occurs_at_every_place_of_the_window(self) -> None:
        data = volume_and_label(organ_slices=())
        data["label"][0, 4, 4, 3] = 1
        corners = {place_of(sample)[:2] for sample in draw(data, num_samples=500, organ_free_share=0)}
        self.assertEqual(corners, {(row, column) for row in range(1, 5) for column in range(2, 5)})

    def test_window_as_large_as_the_slice_is_the_slice(self) -> None:
        data = volume_and_label()
        crop = RandSlabCropd(["image", "label"], "label", spatial_size=SHAPE[:2], num_slices=1, num_samples=20)
        for sample in crop.set_random_state(0)(data):
            z = int(sample["image"][0, 0, 0, 0])
            self.assertTrue(torch.equal(sample["image"], data["image"][..., z : z + 1]))

    def test_one_slice_volume_repeats_it(self) -> None:
        data = {key: volume[..., :1] for key, volume in volume_and_label().items()}
        (sample,) = draw(data, num_samples=1)
        self.assertEqual(tuple(sample["image"].shape), (1, *WINDOW, 3))
        self.assertTrue(torch.equal(sample["image"][..., 0], sample["image"][..., 2]))

    @parameterized.expand([("organ_everywhere", tuple(range(7))), ("organ_nowhere", ())])
    def test_volumes_with_slices_of_one_kind_only_work(self, _: str, organ_slices: tuple[int, ...]) -> None:
        for share in (0.0, 0.5, 1.0):
            samples = draw(volume_and_label(organ_slices), num_samples=200, organ_free_share=share)
            self.assertEqual({place_of(sample)[2] for sample in samples}, set(range(7)))

    def test_same_state_same_slabs_other_state_other_slabs(self) -> None:
        first, again, other = (
            [place_of(sample) for sample in draw(volume_and_label(), num_samples=50, seed=seed)] for seed in (7, 7, 8)
        )
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_numpy_tensor_and_meta_tensor_give_one_answer(self) -> None:
        data = volume_and_label()
        expected = draw(data, num_samples=5)
        for container in (np.asarray, MetaTensor):
            samples = draw({key: container(volume) for key, volume in data.items()}, num_samples=5)
            for sample, want in zip(samples, expected):
                for key in data:
                    np.testing.assert_array_equal(np.asarray(sample[key]), want[key].numpy())

    def test_slab_is_no_view_of_the_volume(self) -> None:
        data = volume_and_label()
        before = data["image"].clone()
        draw(data, num_samples=1)[0]["image"].fill_(-1)
        self.assertTrue(torch.equal(data["image"], before), "later transforms could change a cached volume")

    def test_a_caching_data_set_draws_anew_each_time(self) -> None:
        crop = RandSlabCropd(["image"], "label", spatial_size=WINDOW, num_samples=4)
        dataset = CacheDataset([volume_and_label()], crop, num_workers=1, progress=False)
        self.assertNotEqual([place_of(s) for s in dataset[0]], [place_of(s) for s in dataset[0]])

    def test_slice_smaller_than_the_window_lies_in_its_middle(self) -> None:
        image = torch.arange(1.0, 9).reshape(1, 2, 4, 1)
        data = {"image": image, "label": image.to(torch.uint8)}
        crop = RandSlabCropd(["image", "label"], "label", (5, 6), [3, 1], padding_value=[-7.0, 0])
        sample = crop(data)[0]
        padded = F.pad(image[..., 0], [1, 1, 2, 1], value=-7.0)
        torch.testing.assert_close(sample["image"], torch.stack([padded] * 3, dim=-1))
        torch.testing.assert_close(sample["label"][..., 0], F.pad(data["label"][..., 0], [1, 1, 2, 1]))

    def test_window_moves_along_the_axis_that_is_large_enough(self) -> None:
        data = {"image": torch.zeros(1, 3, 20, 1), "label": torch.zeros(1, 3, 20, 1, dtype=torch.uint8)}
        data["image"][0] = torch.arange(20.0)[None, :, None]
        crop = RandSlabCropd(["image", "label"], "label", (4, 6), [1, 1], num_samples=30).set_random_state(0)
        self.assertGreater(len({float(sample["image"][0, 1, 0, 0]) for sample in crop(data)}), 5)

    def test_slices_with_an_organ_are_taken_from_the_data_if_it_has_them(self) -> None:
        data = volume_and_label()
        known = np.zeros(data["label"].shape[-1], bool)
        known[[1, 2]] = True
        found = draw({**data, "organ_slices": known}, num_samples=40, organ_free_share=1.0)
        self.assertFalse({place_of(sample)[2] for sample in found} & {1, 2})
        self.assertNotIn("organ_slices", found[0], "volumes differ in length, and samples have to be collated")

    @parameterized.expand([(2,), (0,), (-1,), ((3, 4),)])
    def test_num_slices_not_odd_and_positive_raise(self, num_slices: Any) -> None:
        with self.assertRaisesRegex(ValueError, "num_slices.*odd"):
            RandSlabCropd(["image", "label"], "label", num_slices=num_slices)

    @parameterized.expand([(-0.1,), (1.1,)])
    def test_share_outside_0_and_1_raises(self, share: float) -> None:
        with self.assertRaisesRegex(ValueError, f"organ_free_share.*{share}"):
            RandSlabCropd("image", "label", organ_free_share=share)


class TestSliceDistance(unittest.TestCase):
    def slab(self, distance: float, centre: int, **facts: bool) -> dict[str, torch.Tensor]:
        """A slab around a slice; values are squares of the slice's number, labels the number; slices are 4 mm apart."""
        numbers = torch.arange(7).expand(1, 6, 6, 7)
        affine = torch.diag(torch.tensor([1.0, 1.0, 4.0, 1.0]))
        data = {
            "image": MetaTensor(numbers.float() ** 2, affine=affine, meta=facts),
            "label": MetaTensor(numbers.to(torch.uint8), affine=affine, meta=facts),
            "organ_slices": np.arange(7) == centre,
        }
        crop = RandSlabCropd(
            ["image", "label"], "label", (6, 6), 3, organ_free_share=0.0, slice_distance=(distance, distance)
        )
        return crop.set_random_state(0)(data)[0]

    @parameterized.expand([(4.0, [4, 9, 16]), (2.0, [6.5, 9, 12.5]), (6.0, [2.5, 9, 20.5]), (8.0, [1, 9, 25])])
    def test_image_is_interpolated_between_slices(self, distance: float, expected: list[float]) -> None:
        self.assertEqual(self.slab(distance, 3)["image"][0, 0, 0].tolist(), expected)

    @parameterized.expand([(1.0, [3, 3, 3]), (5.0, [2, 3, 4]), (8.0, [1, 3, 5])])
    def test_label_is_the_nearer_slices(self, distance: float, expected: list[int]) -> None:
        self.assertEqual(self.slab(distance, 3)["label"][0, 0, 0].tolist(), expected)

    def test_guessed_spacing_gives_the_volumes_own_slices(self) -> None:
        self.assertEqual(self.slab(6.0, 3, spacing_known=False)["image"][0, 0, 0].tolist(), [4, 9, 16])

    def test_ends_are_repeated(self) -> None:
        self.assertEqual(self.slab(6.0, 6)["image"][0, 0, 0].tolist(), [20.5, 36, 36])


if __name__ == "__main__":
    unittest.main()
