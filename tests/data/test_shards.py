# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from monai_unet3plus.data.shards import select_shard
from monai_unet3plus.utils.errors import InputError


class TestSelectShard(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name: str, size: int) -> str:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(size))
        return str(path)

    def test_largest_first_dealt_out_in_turn(self) -> None:
        small, large, equal = self.write("a.nii", 10), self.write("b.nii", 30), self.write("c.nii", 10)
        for number in range(4):  # a series of 20 bytes
            self.write(f"series/{number}", 5)
        series, missing = str(self.root / "series"), str(self.root / "missing.nii")
        images = [small, large, equal, series, missing]
        self.assertEqual(select_shard(images, "1/2"), [large, small, missing])
        self.assertEqual(select_shard(images, "2/2"), [series, equal])
        self.assertEqual(select_shard(images, "6/6"), [])
        self.assertEqual(select_shard(images), images)

    @parameterized.expand([(1,), (2,), (3,), (7,), (40,)])
    def test_each_image_is_in_one_shard_and_shards_are_even(self, count: int) -> None:
        rng = random.Random(0)
        sizes = [rng.randrange(1000) for _ in range(30)]
        images = [self.write(f"{number}.nii", size) for number, size in enumerate(sizes)]
        shards = []
        for number in range(1, count + 1):
            rng.shuffle(images)  # as file systems list them
            shards.append(select_shard(images, f"{number}/{count}"))
        self.assertEqual(sorted(image for shard in shards for image in shard), sorted(images))
        sums = [sum(Path(image).stat().st_size for image in shard) for shard in shards]
        self.assertLessEqual(max(sums) - min(sums), max(sizes))

    def test_text_that_is_no_shard_is_an_error(self) -> None:
        with self.assertRaisesRegex(InputError, "shard: expected .* such as 3/8, but found '9/8'"):
            select_shard([], "9/8")


if __name__ == "__main__":
    unittest.main()
