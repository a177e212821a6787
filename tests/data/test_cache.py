# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import pickle
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
import torch.distributed as dist
from monai.data import DataLoader
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    Lambdad,
    LoadImaged,
    Orientationd,
    RandShiftIntensityd,
    ScaleIntensityd,
)

from monai_unet3plus.data import cache as cache_module
from monai_unet3plus.data.cache import MemmapCacheDataset
from monai_unet3plus.transforms import RandSlabCropd, SelectOrgansd
from monai_unet3plus.utils.errors import InputError
from tests.data_sets import write_boxes
from tests.processes import run_in_processes

KEYS = ["image", "label"]


class CountingLoader:
    """The deterministic transforms of the bundle's training, counting the cases that it loads."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.transform = Compose(
            [
                LoadImaged(KEYS),
                EnsureChannelFirstd(KEYS, channel_dim="no_channel"),
                Orientationd(KEYS, axcodes="RAS", labels=(("L", "R"), ("P", "A"), ("I", "S"))),
            ]
        )

    def __call__(self, case: dict) -> dict:
        self.loaded.append(Path(case["image"]).name)
        return self.transform(case)


def build(cases: list[dict], cache: Path) -> list[str]:
    loader = CountingLoader()
    MemmapCacheDataset(cases, loader, cache)
    return loader.loaded


def build_on_a_machine(cases: list[dict], cache: Path) -> list[str]:
    """The cases that a process loads that is alone on its machine."""
    with mock.patch.dict(os.environ, LOCAL_RANK="0", LOCAL_WORLD_SIZE="1"):
        return build(cases, cache / str(dist.get_rank()))


class TestMemmapCacheDataset(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.cache = Path(folder.name), Path(folder.name) / "cache"
        write_boxes(self.root, cases=3)
        names = [f"box_{index}.nii.gz" for index in range(3)]
        self.cases: list[dict] = [
            {"image": str(self.root / "imagesTr" / name), "label": str(self.root / "labelsTr" / name), "site": 7}
            for name in names
        ]

    def open(self, *transforms: Any) -> tuple[MemmapCacheDataset, list[str]]:
        loader = CountingLoader()
        return MemmapCacheDataset(self.cases, Compose([loader, *transforms]), self.cache), loader.loaded

    def test_items_are_what_the_transform_loads(self) -> None:
        dataset, _ = self.open()
        for case, item in zip(self.cases, dataset):
            loaded = CountingLoader()(case)
            for key in KEYS:
                torch.testing.assert_close(item[key].as_tensor().float(), loaded[key].as_tensor().float())
                self.assertTrue(torch.equal(item[key].affine, loaded[key].affine))
                self.assertEqual(item[key].meta["filename_or_obj"], case[key])
            has_organ = (np.asarray(loaded["label"])[0] > 0).any(axis=(0, 1))
            self.assertEqual(item["organ_slices"].tolist(), has_organ.tolist())
            self.assertEqual(item["site"], 7)
        self.assertEqual(dataset.label_values, {1, 2})

    def test_transforms_from_the_first_random_one_on_are_applied_to_each_item(self) -> None:
        draw = RandShiftIntensityd("image", offsets=(10, 200), prob=1.0).set_random_state(0)
        double = Lambdad("image", lambda image: 2 * image)
        dataset, loaded = self.open(draw, double)
        plain, _ = self.open()
        shifts = {round(float((dataset[0]["image"] / 2 - plain[0]["image"]).mean()), 3) for _ in range(3)}
        self.assertEqual(len(shifts), 3)
        self.assertTrue(all(10 <= shift <= 200 for shift in shifts), shifts)
        self.assertEqual(len(loaded), 3)

    def test_facts_of_a_case_ride_on_its_volumes_and_those_of_splits_stay_behind(self) -> None:
        self.cases[0].update(intensity_range=[0, 255], spacing_known=False, patient="a", fold=1, weight=0.5)
        item = self.open()[0][0]
        self.assertEqual(item["image"].meta["intensity_range"], [0, 255])
        self.assertIs(item["label"].meta["spacing_known"], False)
        self.assertEqual(set(item), {"image", "label", "organ_slices", "site"})
        self.assertNotIn("intensity_range", self.open()[0][1]["image"].meta)

    def test_small_types_on_disk(self) -> None:
        dataset, _ = self.open()
        item = dataset[0]
        self.assertEqual((item["image"].dtype, item["label"].dtype), (torch.int16, torch.uint8))
        voxels = item["image"].numel()
        size = sum(path.stat().st_size for path in self.cache.rglob("*") if path.is_file())
        self.assertLess(size, 3 * (3 * voxels + 2000))

    def test_second_run_loads_nothing(self) -> None:
        self.assertEqual(len(self.open()[1]), 3)
        self.assertEqual(self.open()[1], [])

    def test_changed_file_and_changed_transform_are_loaded_anew(self) -> None:
        self.open(SelectOrgansd("label", {"liver": 1}))
        self.assertEqual(len(self.open(SelectOrgansd("label", {"liver": [1, 2]}))[1]), 3)
        self.assertEqual(len(self.open()[1]), 3)
        self.assertEqual(self.open(RandShiftIntensityd("image", 5))[1], [], "random changes are not in the cache")
        os.utime(self.cases[1]["label"], (1, 1))
        self.assertEqual(self.open(SelectOrgansd("label", {"liver": 1}))[1], ["box_1.nii.gz"])

    def test_image_that_whole_numbers_do_not_hold_is_named(self) -> None:
        with self.assertLogs("monai_unet3plus.data.cache", "WARNING") as log:
            self.open(ScaleIntensityd("image"))
        self.assertRegex(log.output[0], "box_0.nii.gz: values from 0 to 1 are rounded.*Hounsfield")

    def test_killed_build_goes_on_and_damaged_entries_are_made_anew(self) -> None:
        load, calls = CountingLoader.__call__, iter([None, KeyboardInterrupt])

        def load_or_die(loader: CountingLoader, case: dict) -> dict:
            error = next(calls)
            if error:
                raise error
            return load(loader, case)

        with mock.patch.object(CountingLoader, "__call__", load_or_die), self.assertRaises(KeyboardInterrupt):
            self.open()
        self.assertEqual(self.open()[1], ["box_1.nii.gz", "box_2.nii.gz"])
        damaged = sorted(self.cache.rglob("image.npy"))[0]
        damaged.write_bytes(damaged.read_bytes()[:-1])
        self.assertEqual(len(self.open()[1]), 1)
        self.assertEqual([path for path in self.cache.rglob(".*")], [], "nothing half-written is left")

    def test_crops_keep_no_map_open(self) -> None:
        crop = RandSlabCropd(KEYS, "label", (8, 8), [3, 1])
        dataset, _ = self.open(crop)
        sample = dataset[0][0]
        self.assertEqual(sample["image"].shape, (1, 8, 8, 3))
        maps = Path("/proc/self/maps")
        if not maps.exists():
            self.skipTest("open maps are listed on Linux only")
        self.assertNotIn(str(self.cache), maps.read_text())

    def test_workers_and_pickling(self) -> None:
        crop = RandSlabCropd(KEYS, "label", (8, 8), [3, 1], num_samples=2)
        dataset, _ = self.open(crop)
        again = pickle.loads(pickle.dumps(dataset))
        for batch in DataLoader(again, batch_size=3, num_workers=2):
            self.assertEqual(batch["image"].shape, (6, 1, 8, 8, 3))

    def test_values_beyond_16_bits_are_cut_off_with_a_warning(self) -> None:
        image = nib.load(self.cases[0]["image"])
        array = np.full(image.shape, 100.6, np.float32)
        array[0, 0, 0], array[0, 0, 1] = 1e6, -1e6
        nib.save(nib.Nifti1Image(array, image.affine), self.cases[0]["image"])
        with self.assertLogs("monai_unet3plus.data.cache", "WARNING") as log:
            dataset, _ = self.open()
        self.assertIn("box_0.nii.gz: values beyond -32768..32767", log.output[0])
        self.assertEqual(sorted(torch.unique(dataset[0]["image"]).tolist()), [-32768, 101, 32767])

    def test_bad_cases_are_named_and_left_out_or_end_the_training(self) -> None:
        image, label = Path(self.cases[0]["image"]), Path(self.cases[2]["label"])
        image.write_bytes(image.read_bytes()[:-300])
        label.write_text("no label map")
        with self.assertLogs("monai_unet3plus.data.bad_cases", "ERROR") as log:
            dataset, loaded = self.open()
        self.assertEqual((loaded, len(dataset)), (["box_1.nii.gz"], 1))
        self.assertEqual(dataset[0]["image"].meta["filename_or_obj"], self.cases[1]["image"])
        self.assertIn(f"left out: {image}: expected", log.output[0])
        self.assertIn(f"left out: {self.cases[2]['image']}: {label}: expected a whole gzip file", log.output[1])
        with self.assertRaisesRegex(InputError, "strict: expected cases that can be loaded, but 2 of 3 can't"):
            MemmapCacheDataset(self.cases, CountingLoader(), self.cache, strict=True)
        Path(self.cases[1]["label"]).write_text("no label map")
        with self.assertRaisesRegex(InputError, "expected cases that can be loaded, but none of 3 can"):
            self.open()

    def test_full_disk_is_said_in_a_sentence(self) -> None:
        with mock.patch.object(cache_module.np, "save", side_effect=OSError(28, "No space left on device")):
            with self.assertRaisesRegex(InputError, "cache_dir: no space left"):
                self.open()

    def test_processes_share_the_work(self) -> None:
        first, second = run_in_processes(build, self.cases, self.cache)
        self.assertEqual(sorted(first + second), [f"box_{index}.nii.gz" for index in range(3)])
        self.assertEqual(self.open()[1], [])

    def test_machines_that_do_not_share_the_folder_fill_one_each(self) -> None:
        for loaded in run_in_processes(build_on_a_machine, self.cases, self.cache):
            self.assertEqual(sorted(loaded), [f"box_{index}.nii.gz" for index in range(3)])


if __name__ == "__main__":
    unittest.main()
