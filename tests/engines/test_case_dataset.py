# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import errno
import logging
import tempfile
import unittest
import weakref
from pathlib import Path
from unittest import mock

import torch
from monai.transforms import Compose, EnsureChannelFirstd, Orientationd

from monai_unet3plus.engines import CaseDataset
from monai_unet3plus.masks.records import MaskRecords
from monai_unet3plus.transforms import LoadCTd
from monai_unet3plus.utils.case_remarks import add_remark
from monai_unet3plus.utils.errors import InputError
from tests.broken_files import write_ct


class TestCaseDataset(unittest.TestCase):
    def test_good_items_are_as_the_transform_leaves_them(self) -> None:
        dataset = CaseDataset([{"image": 2}], lambda item: {"image": item["image"] * 3})
        self.assertEqual(dataset[0], {"image": 6})

    def test_bad_items_carry_path_and_reason(self) -> None:
        def transform(item: dict) -> dict:
            raise RuntimeError("applying transform") from OSError("no such file")

        item = CaseDataset([{"image": torch.zeros(1)}], transform)[0]
        self.assertEqual(item, {"image": "tensor([0.])", "failure": "OSError: no such file"})

    def test_what_no_process_can_read_is_not_loaded(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.nii.gz"
            path.write_text("no volume")
            item = CaseDataset([{"image": path}], lambda item: self.fail("loaded"))[0]
        self.assertEqual(item["image"], str(path))
        self.assertIn(f"{path}: expected a whole gzip file", item["failure"])

    def test_records_that_fail_for_the_next_case_cost_this_one_nothing(self) -> None:
        def is_done(image: str | Path) -> bool:
            if image == "a.nii":
                raise OSError(errno.ENAMETOOLONG, "File name too long")
            return False

        records = mock.Mock(is_done=is_done)
        with tempfile.TemporaryDirectory() as folder:
            good = Path(folder) / "good.nii.gz"
            write_ct(good)
            dataset = CaseDataset([{"image": good}, {"image": "a.nii"}], lambda item: item, records=records)
            self.assertEqual(
                [sorted(item) for item in (dataset[0], dataset[1])], [["image", "image_state"], ["failure", "image"]]
            )

    def test_masks_of_two_cases_in_one_file_are_refused(self) -> None:
        cases = [{"image": f"/elsewhere/{name}/ct.nii.gz"} for name in "xy"]
        with self.assertRaisesRegex(InputError, "x/ct.nii.gz and .*y/ct.nii.gz would both be written to /masks/ct_seg"):
            CaseDataset(cases, records=MaskRecords("/masks", "/data"))
        self.assertEqual(len(CaseDataset(cases[:1] * 2, records=MaskRecords("/masks", "/data"))), 2)
        self.assertEqual(len(CaseDataset(cases, records=MaskRecords("/masks", "/elsewhere"))), 2)

    def test_voxels_of_the_file_are_freed_when_a_transform_has_made_others(self) -> None:
        watched: list[weakref.ref] = []

        def watch(item: dict) -> dict:
            watched.append(weakref.ref(item["image"].array.base))
            return item

        def look(item: dict) -> dict:
            self.assertIsNone(watched[0](), "a long CT would lie twice in memory")
            return item

        flip = Orientationd("image", axcodes="LPI", labels=(("L", "R"), ("P", "A"), ("I", "S")))
        load = [watch, LoadCTd("image", dtype=None), EnsureChannelFirstd("image", channel_dim="no_channel"), flip, look]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.nii.gz"
            write_ct(path)
            item = CaseDataset([{"image": path}], Compose(load))[0]
        self.assertNotIn("failure", item)
        self.assertEqual(item["image"].dtype, torch.int16)

    def test_warnings_become_remarks(self) -> None:
        def transform(item: dict) -> dict:
            for word in ("odd", "large"):
                add_remark(item, logging.getLogger("any"), f"{item['image']}: {word}")
            if item["image"] == 2:
                raise ValueError("too odd")
            return dict(item)

        dataset = CaseDataset([{"image": 1}, {"image": 2}], transform)
        self.assertEqual(dataset[0], {"image": 1, "remarks": "1: odd\n1: large"})
        self.assertEqual(dataset[1], {"image": "2", "failure": "ValueError: too odd", "remarks": "2: odd\n2: large"})


if __name__ == "__main__":
    unittest.main()
