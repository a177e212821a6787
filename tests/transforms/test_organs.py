# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
import unittest
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from parameterized import parameterized

from monai_unet3plus.transforms import LabelMapToMasksd, SelectOrgansd, logits_to_label_map
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.transforms.organs"
FILE = "/data/labelsTr/case_1.nii.gz"
ORGANS = {"liver": [1, 2], "spleen": 3}


def label_of(values: list, **meta: Any) -> MetaTensor:
    return MetaTensor(torch.tensor(values)[None, None, None].float(), meta={"filename_or_obj": FILE, **meta})


def most_probable_organ(logits: list[float]) -> int:
    """The rule in words: the most probable organ, if its probability is above one half."""
    probabilities = [1 / (1 + math.exp(-value)) for value in logits]
    best = probabilities.index(max(probabilities))
    return best + 1 if probabilities[best] > 0.5 else 0


class TestLogitsToLabelMap(unittest.TestCase):
    @parameterized.expand([(1, (4, 5)), (3, (4, 5)), (3, (3, 4, 2))])
    def test_equals_a_loop_over_voxels(self, num_organs: int, size: tuple[int, ...]) -> None:
        logits = 3 * torch.randn(2, num_organs, *size, generator=torch.Generator().manual_seed(0))
        logits[0, :, 0] = -30.0  # as the classification-guided module writes
        logits[1, 0, 0] = -30.0
        out = logits_to_label_map(logits)
        self.assertEqual(tuple(out.shape), (2, 1, *size))
        self.assertEqual(out.dtype, torch.uint8)
        for index in np.ndindex(2, *size):
            expected = most_probable_organ(logits[(index[0], slice(None), *index[1:])].tolist())
            self.assertEqual(int(out[(index[0], 0, *index[1:])]), expected, index)
        self.assertEqual(set(out.unique().tolist()), set(range(num_organs + 1)))

    def test_probability_of_one_half_is_background(self) -> None:
        self.assertEqual(int(logits_to_label_map(torch.zeros(1, 2, 1, 1))), 0)

    def test_organs_judged_absent_are_background(self) -> None:
        self.assertFalse(logits_to_label_map(torch.full((1, 3, 2, 2), -30.0)).any())

    @parameterized.expand([(torch.float16,), (torch.bfloat16,)])
    def test_half_precision_works(self, dtype: torch.dtype) -> None:
        logits = torch.tensor([-30.0, 1.0, 2.0], dtype=dtype)[None, :, None, None]
        self.assertEqual(int(logits_to_label_map(logits)), 3)


class TestSelectOrgansd(unittest.TestCase):
    def test_values_of_an_organ_become_its_position(self) -> None:
        out = SelectOrgansd("label", ORGANS)({"label": label_of([0, 1, 2, 3, 1, 0])})["label"]
        self.assertEqual(out.flatten().tolist(), [0, 1, 1, 2, 1, 0])
        self.assertEqual(out.dtype, torch.uint8)

    def test_values_of_a_case_go_before(self) -> None:
        select = SelectOrgansd("label", ORGANS, values_key="own")
        out = select({"label": label_of([0, 1, 2, 3]), "own": {"spleen": 1}})
        self.assertEqual(out["label"].flatten().tolist(), [0, 2, 0, 0])
        self.assertNotIn("own", out)
        self.assertEqual(select({"label": label_of([0, 1, 2, 3])})["label"].flatten().tolist(), [0, 1, 1, 2])

    def test_an_organ_may_have_a_value_that_is_anothers_position(self) -> None:
        out = SelectOrgansd("label", {"spleen": 2, "liver": 1})({"label": label_of([0, 1, 2])})["label"]
        self.assertEqual(out.flatten().tolist(), [0, 2, 1])

    @parameterized.expand([(np.int16,), (np.uint8,), (np.float64,)])
    def test_arrays_of_any_type_work(self, dtype: type) -> None:
        out = SelectOrgansd("label", ORGANS)({"label": np.array([[0, 1, 2, 3]], dtype=dtype)})["label"]
        self.assertEqual(out.tolist(), [[0, 1, 1, 2]])

    def test_meta_data_are_kept(self) -> None:
        affine = np.diag([2.0, 2.0, 5.0, 1.0])
        label = MetaTensor(torch.ones(1, 2, 2, 2), affine=affine, meta={"filename_or_obj": FILE})
        out = SelectOrgansd("label", ORGANS)({"label": label})["label"]
        np.testing.assert_array_equal(out.affine, affine)
        self.assertEqual(out.meta["filename_or_obj"], FILE)

    def test_unnamed_values_are_background_and_warned_of_once(self) -> None:
        select = SelectOrgansd("label", ORGANS)
        with self.assertLogs(LOGGER, "WARNING") as logged:
            out = select({"label": label_of([0, 9, 1, 7, 7])})["label"]
            select({"label": label_of([9])})
        self.assertEqual(out.flatten().tolist(), [0, 0, 1, 0, 0])
        self.assertEqual(len(logged.output), 1)
        self.assertIn(FILE, logged.output[0])
        self.assertIn("[7, 9]", logged.output[0])

    def test_named_values_are_not_logged(self) -> None:
        with self.assertNoLogs(LOGGER, "INFO"):
            SelectOrgansd("label", ORGANS)({"label": label_of([0, 1, 2, 3])})

    def test_value_of_two_organs_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "2 is given to two organs"):
            SelectOrgansd("label", {"liver": [1, 2], "tumour": 2})

    def test_value_of_the_background_raises(self) -> None:
        with self.assertRaisesRegex(ValueError, "'liver'.*0"):
            SelectOrgansd("label", {"liver": [0, 1]})

    @parameterized.expand([(0,), (256,)])
    def test_number_of_organs_that_uint8_can_not_hold_raises(self, count: int) -> None:
        with self.assertRaisesRegex(ValueError, f"1 to 255 organs, but got {count}"):
            SelectOrgansd("label", {str(value): value for value in range(1, count + 1)})

    def test_labels_within_rounding_of_whole_numbers_are_these(self) -> None:
        label = MetaTensor(torch.tensor([0.0, 1.0000003, 2.9995, 0.9991, -1e-7]).view(1, 1, 1, 5), meta={"a": "b"})
        selected = SelectOrgansd("label", {"liver": 1, "spleen": 3})({"label": label})["label"]
        self.assertEqual(selected.flatten().tolist(), [0, 1, 2, 1, 0])
        self.assertEqual((selected.dtype, selected.meta["a"]), (torch.uint8, "b"))

    @parameterized.expand([(0.5,), (1.25,), (math.nan,)])
    def test_labels_that_are_no_whole_numbers_raise_and_the_file_is_named(self, value: float) -> None:
        with self.assertRaises(InputError) as raised:
            SelectOrgansd("label", ORGANS)({"label": label_of([0, 1, value])})
        self.assertIn(FILE, str(raised.exception))
        self.assertIn(str(value), str(raised.exception))

    def test_input_is_left_as_it_was(self) -> None:
        label = label_of([0, 3, 9])
        SelectOrgansd("label", ORGANS)({"label": label})
        self.assertEqual(label.flatten().tolist(), [0, 3, 9])


class TestLabelMapToMasksd(unittest.TestCase):
    @parameterized.expand([((1, 4, 5),), ((1, 3, 4, 5),)])
    def test_mask_k_is_where_the_label_is_k_plus_1(self, shape: tuple[int, ...]) -> None:
        label = np.random.RandomState(0).randint(0, 4, shape)
        for container in (np.asarray, torch.as_tensor, MetaTensor):
            out = LabelMapToMasksd("label", 3)({"label": container(label)})["label"]
            self.assertEqual(out.dtype, torch.uint8)
            self.assertEqual(tuple(out.shape), (3, *shape[1:]))
            for index in np.ndindex(shape[1:]):
                one_hot = [int(label[0][index] == value) for value in (1, 2, 3)]
                self.assertEqual(out[(slice(None), *index)].tolist(), one_hot)

    def test_absent_organs_have_empty_masks(self) -> None:
        out = LabelMapToMasksd("label", 2)({"label": torch.full((1, 2, 2), 2)})["label"]
        self.assertEqual(out.flatten(1).sum(dim=1).tolist(), [0, 4])

    def test_meta_data_are_kept(self) -> None:
        affine = np.diag([2.0, 2.0, 5.0, 1.0])
        label = MetaTensor(torch.ones(1, 2, 2, 2), affine=affine, meta={"filename_or_obj": FILE})
        out = LabelMapToMasksd("label", 2)({"label": label})["label"]
        self.assertIsInstance(out, MetaTensor)
        np.testing.assert_array_equal(out.affine, affine)


class TestAnnotatedOrgans(unittest.TestCase):
    def test_masks_of_organs_that_are_not_annotated_are_filled_with_255(self) -> None:
        data = {"label": torch.tensor([[[0, 1, 2, 3]]]), "annotated": np.array([True, False, True])}
        masks = LabelMapToMasksd("label", num_organs=3, annotated_key="annotated")(data)["label"]
        self.assertEqual(masks[:, 0].tolist(), [[0, 1, 0, 0], [255] * 4, [0, 0, 0, 1]])

    def test_a_case_that_does_not_say_annotates_all(self) -> None:
        # as the cases that MONAI Label sets
        masks = LabelMapToMasksd("label", num_organs=2, annotated_key="annotated")({"label": torch.tensor([[[0, 2]]])})
        self.assertEqual(masks["label"][:, 0].tolist(), [[0, 0], [0, 1]])


if __name__ == "__main__":
    unittest.main()
