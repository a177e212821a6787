# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import torch
from parameterized import parameterized

from monai_unet3plus.inferers import slice_stack
from monai_unet3plus.inferers.slice_stack import SliceStack
from monai_unet3plus.transforms.plane import resample_plane


class TestSliceStack(unittest.TestCase):
    @parameterized.expand([(1, 3), (2, 3), (3, 5), (9, 1)])
    def test_slices_have_their_neighbours_and_are_resampled_once(self, count: int, num_slices: int) -> None:
        slices = torch.rand(7, 6, 9)
        stack = SliceStack(slices, num_slices, (4, 5))
        resampled = resample_plane(slices[:, None], (4, 5))[:, 0]
        reach = num_slices // 2
        with mock.patch.object(slice_stack, "resample_plane", wraps=resample_plane) as resample:
            found = torch.cat([stack.gather(start, count) for start in range(0, 7, count)])
        for centre, slab in enumerate(found):
            wanted = [resampled[min(max(z, 0), 6)] for z in range(centre - reach, centre + reach + 1)]
            self.assertTrue(torch.equal(slab, torch.stack(wanted)))
        self.assertEqual(sum(len(call.args[0]) for call in resample.call_args_list), 7)


if __name__ == "__main__":
    unittest.main()
