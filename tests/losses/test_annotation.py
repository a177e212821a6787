# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
from __future__ import annotations

import unittest

import torch

from monai_unet3plus.losses.annotation import IGNORED, is_annotated, mean_of_annotated


class TestAnnotation(unittest.TestCase):
    def test_one_ignored_voxel_leaves_out_the_organ_of_that_image_only(self) -> None:
        target = torch.ones(2, 3, 4, 4, dtype=torch.uint8)
        target[0, 1] = IGNORED
        target[1, 2] = 0  # as a rotation leaves it, but for one voxel
        target[1, 2, 3, 3] = IGNORED
        for values in (target, target.float()):
            self.assertEqual(is_annotated(values).tolist(), [[True, False, True], [True, True, False]])

    def test_mean_leaves_out_what_is_not_annotated(self) -> None:
        values = torch.tensor([[1.0, 100.0], [4.0, 7.0]])
        annotated = torch.tensor([[True, False], [True, True]])
        self.assertEqual(mean_of_annotated(values, annotated).item(), 4)
        self.assertEqual(mean_of_annotated(values, torch.zeros_like(annotated)).item(), 0)


if __name__ == "__main__":
    unittest.main()
