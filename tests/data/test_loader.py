# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.data.loader."""

from __future__ import annotations

import unittest

import torch
from monai.data import Dataset, MetaTensor, decollate_batch, list_data_collate

from monai_unet3plus.data.loader import CaseLoader


class TestCaseLoader(unittest.TestCase):
    def test_settings_of_workers_have_no_effect_without_workers(self) -> None:
        loader = CaseLoader(Dataset([1, 2, 3]), multiprocessing_context="spawn", prefetch_factor=1, batch_size=2)
        self.assertEqual([batch.tolist() for batch in loader], [[1, 2], [3]])
        self.assertIsNone(loader.multiprocessing_context)

    def test_and_their_effect_with_workers(self) -> None:
        loader = CaseLoader(Dataset([1, 2, 3]), num_workers=1, multiprocessing_context="spawn", prefetch_factor=1)
        self.assertEqual(loader.multiprocessing_context.get_start_method(), "spawn")
        self.assertEqual((loader.num_workers, loader.prefetch_factor), (1, 1))

    def test_a_batch_of_one_volume_is_a_view_and_else_as_monais(self) -> None:
        operations = [{"class": "Flip", "id": 3}]
        affine = torch.diag(torch.tensor([2.0, 3, 4, 1], dtype=torch.float64))
        volume = MetaTensor(
            torch.arange(24.0).view(1, 2, 3, 4), affine=affine, meta={"a": "b"}, applied_operations=operations
        )
        item = {"image": volume, "done": "yes", "organs": torch.tensor([True, False])}
        (batch,), expected = CaseLoader([item]), list_data_collate([item])
        self.assertEqual(batch["image"].data_ptr(), volume.data_ptr())
        self.assertEqual(batch.keys(), expected.keys())
        self.assertEqual(batch["done"], expected["done"])
        self.assertEqual(batch["image"].meta.keys(), expected["image"].meta.keys())
        for found, wanted in ((batch, expected), (decollate_batch(batch)[0], decollate_batch(expected)[0])):
            self.assertTrue(torch.equal(found["image"].as_tensor(), wanted["image"].as_tensor()))
            self.assertTrue(torch.equal(found["image"].affine, wanted["image"].affine))
            self.assertEqual(found["image"].applied_operations, wanted["image"].applied_operations)
            self.assertTrue(torch.equal(found["organs"], wanted["organs"]))


if __name__ == "__main__":
    unittest.main()
