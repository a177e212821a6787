# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from monai.bundle import ConfigParser
from monai.data import Dataset

from monai_unet3plus.experiments.slab_buffer import SlabBuffer, make_slab_loader


def add(buffer: SlabBuffer, numbers: range) -> None:
    """Add slabs that each hold their number, of patients in the fold of its last digit."""
    values = torch.tensor(list(numbers))
    images = values[:, None, None, None].expand(-1, 1, 2, 2).float()
    buffer.add(images, (values % 2)[:, None, None, None].expand(-1, 1, 2, 2), values % 10)


def draw_often(buffer: SlabBuffer, fold: int | None = None) -> set[int]:
    """The numbers of all slabs that are drawn in many batches; each has its own masks."""
    numbers, generator = set(), torch.Generator().manual_seed(0)
    for _ in range(2000):
        drawn = buffer.draw(10, fold, generator)
        assert drawn is not None
        batch = drawn[0][:, 0, 0, 0].long()
        torch.testing.assert_close(drawn[1][:, 0, 0, 0].long(), batch % 2)
        numbers.update(batch.tolist())
    return numbers


class TestSlabBuffer(unittest.TestCase):
    def setUp(self) -> None:
        self.buffer = SlabBuffer(1000, torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))

    def test_all_slabs_are_drawn(self) -> None:
        add(self.buffer, range(20))
        self.assertEqual(draw_often(self.buffer), set(range(20)))

    def test_patients_of_the_fold_are_never_drawn(self) -> None:
        add(self.buffer, range(40))
        self.assertEqual(draw_often(self.buffer, fold=3), {n for n in range(40) if n % 10 != 3})

    def test_nothing_is_drawn_before_there_are_enough_slabs(self) -> None:
        add(self.buffer, range(10))
        generator = torch.Generator()
        self.assertIsNotNone(self.buffer.draw(10, None, generator))
        self.assertIsNone(self.buffer.draw(10, 3, generator))
        self.assertIsNone(self.buffer.draw(11, None, generator))

    def test_newer_slabs_take_the_places_of_the_oldest(self) -> None:
        for start in range(0, 2030, 7):  # the last batches go over the end of the buffer
            add(self.buffer, range(start, start + 7))
        written = int(self.buffer.written)
        self.assertEqual(written, 2030)
        # the 256 places that come next are not drawn, since another process may be writing there
        self.assertEqual(draw_often(self.buffer), set(range(written - 1000 + 256, written)))


class TestMakeSlabLoader(unittest.TestCase):
    def test_batches_tell_folds_and_a_case_without_one_is_in_none(self) -> None:
        slab = {"image": torch.rand(3, 4, 4), "label": torch.ones(2, 4, 4)}
        for case, expected in (({"fold": 4}, 4), ({}, -1)):
            config = ConfigParser({"train": {"dataset": Dataset([{**slab, **case}])}, "batch_size": 2})
            images, masks, folds = next(iter(make_slab_loader(config, 0)))
            self.assertEqual((images.shape, images.dtype), ((2, 3, 4, 4), torch.half))
            self.assertEqual((masks.shape, masks.dtype), ((2, 2, 4, 4), torch.uint8))
            self.assertEqual(folds.tolist(), [expected, expected])


if __name__ == "__main__":
    unittest.main()
