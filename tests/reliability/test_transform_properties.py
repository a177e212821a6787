# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from typing import Any

import torch
from monai.data import MetaTensor
from monai.utils import optional_import

from monai_unet3plus.transforms import (
    AdjacentSlicesToChannelsd,
    CheckIntensityd,
    CheckVolumed,
    LabelMapToMasksd,
    RandSlabCropd,
    ResamplePlaned,
    SelectOrgansd,
    logits_to_label_map,
)
from monai_unet3plus.utils.errors import InputError

hypothesis, has_hypothesis = optional_import("hypothesis")
strategies, _ = optional_import("hypothesis.strategies")
arrays, _ = optional_import("hypothesis.extra.numpy", name="arrays")

if not has_hypothesis:
    raise unittest.SkipTest("hypothesis is not installed")

SETTINGS: Any = hypothesis.settings(max_examples=40, deadline=None, derandomize=True, database=None)
SIZE: Any = strategies.integers(1, 24)
SHAPE: Any = strategies.tuples(SIZE, SIZE, strategies.integers(1, 6))
SEED: Any = strategies.integers(0, 99)
VALUES: Any = strategies.sampled_from([0.0, -1000.0, 40.0, -3024.0, 1e30, float("nan"), float("inf"), -float("inf")])


def label_map(shape: tuple[int, ...], values: int, seed: int) -> torch.Tensor:
    return torch.randint(0, values + 1, (1, *shape), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


class TestSlabs(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(
        shape=SHAPE, window=strategies.tuples(SIZE, SIZE), reach=strategies.integers(0, 3), organs=SEED, seed=SEED
    )
    def test_slabs_of_any_volume_are_slices_of_it_with_their_own_labels(
        self, shape: tuple[int, int, int], window: tuple[int, int], reach: int, organs: int, seed: int
    ) -> None:
        image = torch.arange(1.0, 1 + shape[0] * shape[1] * shape[2]).reshape(1, *shape)  # no value occurs twice
        label = label_map(shape, 2, organs) * (label_map(shape, 5, seed) == 0)
        count = 2 * reach + 1
        crop = RandSlabCropd(["image", "label"], "label", window, [count, 1], num_samples=2)
        crop.set_random_state(seed)
        to_channels = AdjacentSlicesToChannelsd(["image", "label"], [count, 1])
        for item in map(to_channels, crop({"image": image, "label": label})):
            self.assertEqual(tuple(item["image"].shape), (count, *window))
            self.assertEqual(tuple(item["label"].shape), (1, *window))
            centre, inside = item["image"][reach], item["image"][reach] > 0
            self.assertTrue(bool(inside.any()))
            places = centre[inside].long() - 1
            self.assertTrue(torch.equal(item["label"][0][inside], label.flatten()[places]))
            depths = [torch.unique((channel[inside].long() - 1) % shape[2]).tolist() for channel in item["image"]]
            (z,) = depths[reach]
            self.assertEqual(depths, [[min(max(z + k, 0), shape[2] - 1)] for k in range(-reach, reach + 1)])


class TestResampling(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(
        shape=SHAPE,
        spacing=strategies.tuples(*[strategies.floats(0.3, 6)] * 3),
        pixel_size=strategies.floats(0.5, 8),
        seed=SEED,
    )
    def test_volumes_keep_their_place_range_and_values(
        self, shape: tuple[int, int, int], spacing: tuple[float, float, float], pixel_size: float, seed: int
    ) -> None:
        affine = torch.diag(torch.tensor([*spacing, 1.0], dtype=torch.float64))
        affine[:3, 3] = torch.tensor([5.0, -7.0, 11.0])
        label = label_map(shape, 3, seed)
        item = {"image": MetaTensor(label * 100.0, affine=affine), "label": MetaTensor(label, affine=affine)}
        made = ResamplePlaned(["image", "label"], pixel_size, [False, True])(item)
        self.assertEqual(made["image"].shape, made["label"].shape)
        self.assertEqual(made["image"].shape[-1], shape[-1])
        self.assertTrue(set(made["label"].unique().tolist()) <= set(label.unique().tolist()))
        self.assertGreaterEqual(float(made["image"].min()), float(item["image"].min()) - 1e-2)
        self.assertLessEqual(float(made["image"].max()), float(item["image"].max()) + 1e-2)
        for volume in made.values():
            for corner in (0.0, 1.0):  # from the first pixel's outer edge to the last one's
                before, after = (
                    v.affine @ torch.tensor([*(corner * n - 0.5 for n in v.shape[1:]), 1.0], dtype=torch.float64)
                    for v in (item["label"], volume)
                )
                torch.testing.assert_close(after, before, rtol=1e-6, atol=1e-6)


class TestChecks(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(values=arrays("float32", strategies.tuples(SIZE, SIZE, SIZE), elements=VALUES))
    def test_any_volume_passes_with_finite_values_or_is_refused_in_a_line(self, values: Any) -> None:
        item: dict = {"image": MetaTensor(torch.from_numpy(values), meta={"filename_or_obj": "/d/a.nii"})}
        try:
            item = CheckIntensityd("image", "error")(CheckVolumed("image")(item))
        except InputError as e:
            self.assertRegex(str(e), r"\A/d/a.nii: expected .*but [^\n]*\Z")
        else:
            self.assertTrue(bool(torch.isfinite(item["image"]).all()))
            self.assertGreater(len(item["image"].unique()), 1)


class TestLabelMaps(unittest.TestCase):
    @SETTINGS
    @hypothesis.given(shape=strategies.tuples(SIZE, SIZE), organs=strategies.integers(1, 5), seed=SEED)
    def test_masks_and_label_map_agree(self, shape: tuple[int, int], organs: int, seed: int) -> None:
        logits = torch.randn(1, organs, *shape, generator=torch.Generator().manual_seed(seed))
        masks = LabelMapToMasksd("pred", organs)({"pred": logits_to_label_map(logits)[0]})["pred"]
        best = logits[0].argmax(0)
        for organ in range(organs):
            self.assertTrue(torch.equal(masks[organ] == 1, (best == organ) & (logits[0, organ] > 0)))

    @SETTINGS
    @hypothesis.given(
        shape=SHAPE, values=strategies.lists(strategies.integers(1, 9), min_size=1, max_size=6, unique=True), seed=SEED
    )
    def test_organs_are_where_their_values_are(self, shape: tuple[int, int, int], values: list[int], seed: int) -> None:
        organs = {"first": values[:2], "second": values[2:]} if values[2:] else {"first": values}
        label = label_map(shape, 9, seed)
        selected = SelectOrgansd("label", organs)({"label": label})["label"]
        for position, wanted in enumerate(organs.values()):
            expected = sum((label == value for value in wanted), torch.zeros_like(label, dtype=torch.bool))
            self.assertTrue(torch.equal(selected == position + 1, expected))
        self.assertLessEqual(int(selected.max()), len(organs))


if __name__ == "__main__":
    unittest.main()
