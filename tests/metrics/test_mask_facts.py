# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import numpy as np
from parameterized import parameterized
from scipy import ndimage

from monai_unet3plus.metrics import mask_facts as module
from monai_unet3plus.metrics.mask_facts import mask_facts, mask_flags

SPACING = (2.0, 2.0, 5.0)  # a voxel of 0.02 ml


def box(*slices: slice) -> np.ndarray:
    mask = np.zeros((30, 30, 20), bool)
    mask[slices] = True
    return mask


INNER = box(slice(5, 15), slice(5, 15), slice(4, 9))


class TestMaskFacts(unittest.TestCase):
    def test_plain_organ_raises_no_flag(self) -> None:
        facts = mask_facts(INNER, SPACING, np.array([-5.0, 3.0]))
        self.assertEqual(facts, {"volume_ml": 10.0, "components": 1, "borders": [], "uncertain_slices": 0})
        self.assertEqual(mask_flags("liver", facts, (5, 20)), [])

    @parameterized.expand(
        [
            ("left", (slice(0, 5), slice(5, 9), slice(5, 9))),
            ("right", (slice(25, 30), slice(5, 9), slice(5, 9))),
            ("back", (slice(5, 9), slice(0, 5), slice(5, 9))),
            ("front", (slice(5, 9), slice(25, 30), slice(5, 9))),
            ("feet", (slice(5, 9), slice(5, 9), slice(0, 5))),
            ("head", (slice(5, 9), slice(5, 9), slice(15, 20))),
        ]
    )
    def test_borders_have_the_patients_names(self, name: str, slices: tuple) -> None:
        self.assertEqual(mask_facts(box(*slices), SPACING)["borders"], [name])

    def test_large_parts_count_and_specks_do_not(self) -> None:
        speck, part = box(slice(20, 22), slice(20, 22), slice(4, 9)), box(slice(20, 26), slice(20, 26), slice(4, 9))
        self.assertEqual(mask_facts(INNER | speck, SPACING)["components"], 1)
        facts = mask_facts(INNER | part, SPACING)
        self.assertEqual(facts["components"], 2)
        self.assertEqual(mask_flags("liver", facts), ["2 large parts"])

    def test_parts_are_those_of_the_whole_volume_however_it_is_cut(self) -> None:
        mask = np.random.default_rng(0).random((20, 30, 40)) < 0.35  # winding parts, of which some meet far away
        for array in (mask, np.asfortranarray(mask), mask.transpose(1, 0, 2)[::-1], mask[:1], mask[:0]):
            expected = sorted(np.bincount(ndimage.label(array)[0].ravel())[1:])
            for voxels in (1, 3000, 2**24):
                with mock.patch.object(module, "_CHUNK_VOXELS", voxels):
                    self.assertEqual(sorted(module._component_sizes(array)), expected)

    def test_nothing_found_is_flagged(self) -> None:
        facts = mask_facts(box(slice(0, 0)), SPACING)
        self.assertEqual((facts["volume_ml"], facts["components"], facts["borders"]), (0.0, 0, []))
        self.assertEqual(mask_flags("liver", facts, (5, 20)), ["no liver found"])

    @parameterized.expand([(11, 20), (1, 9)])
    def test_volume_outside_the_range_is_flagged(self, least: float, largest: float) -> None:
        self.assertEqual(
            mask_flags("liver", mask_facts(INNER, SPACING), (least, largest)),
            [f"10 ml, outside {least} to {largest} ml"],
        )

    def test_slices_in_which_the_classifier_is_unsure_are_counted(self) -> None:
        facts = mask_facts(INNER, SPACING, np.array([-0.41, -0.4, 0.0, 0.4, 0.41, -np.inf]))  # 0.405 is 60 %
        self.assertEqual(mask_flags("liver", facts), ["presence uncertain in 3 slices"])
        self.assertEqual(mask_flags("liver", {**facts, "uncertain_slices": 1}), ["presence uncertain in 1 slice"])


if __name__ == "__main__":
    unittest.main()
