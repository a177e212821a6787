# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import numpy as np

from monai_unet3plus.data.label_agreement import find_label_doubts


def box(*corner: int, size: int = 6) -> np.ndarray:
    mask = np.zeros((20, 20, 10), np.uint8)
    mask[tuple(slice(start, start + size) for start in corner)] = 1
    return mask


class TestFindLabelDoubts(unittest.TestCase):
    def test_label_that_a_network_confirms_raises_none(self) -> None:
        self.assertEqual(find_label_doubts(box(2, 2, 2), box(2, 2, 2), (1, 1, 1), volume_range_ml=(0.1, 1)), [])

    def test_disagreement_is_named_with_the_dice(self) -> None:
        (doubt,) = find_label_doubts(box(2, 2, 2), box(5, 2, 2))  # half of each box is shared
        self.assertIn("Dice with the network's mask is 0.500, below 0.8", doubt)

    def test_label_in_two_parts_is_doubted(self) -> None:
        label = box(2, 2, 2) | box(12, 12, 2, size=3)  # 216 and 27 voxels
        (doubt,) = find_label_doubts(label, label)
        self.assertIn("the largest part has 89% of the label", doubt)

    def test_volume_is_judged_where_the_spacing_is_known(self) -> None:
        label = box(2, 2, 2)
        (doubt,) = find_label_doubts(label, label, (10, 10, 10), volume_range_ml=(20, 100))
        self.assertEqual(doubt, "216 ml, outside 20 to 100 ml")
        self.assertEqual(find_label_doubts(label, label, None, volume_range_ml=(20, 100)), [])

    def test_empty_label_and_other_shapes(self) -> None:
        self.assertEqual(find_label_doubts(0 * box(0, 0, 0), box(0, 0, 0)), ["nothing is labelled"])
        with self.assertRaisesRegex(ValueError, "of one shape"):
            find_label_doubts(box(0, 0, 0), box(0, 0, 0)[..., :5])


if __name__ == "__main__":
    unittest.main()
