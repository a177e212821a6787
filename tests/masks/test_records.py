# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import multiprocessing
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

from parameterized import parameterized

from monai_unet3plus import __version__
from monai_unet3plus.masks.records import MaskRecords
from monai_unet3plus.utils.errors import InputError
from monai_unet3plus.utils.image_files import image_state


def hold_lock(output_dir: str, ready: Any) -> None:
    with MaskRecords(output_dir, "/data").locked():
        ready.set()
        multiprocessing.Event().wait()


class TestMaskRecords(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.image, self.weights = self.root / "data" / "sub" / "a.nii.gz", self.root / "model.pt"
        self.mask = self.root / "masks" / "sub" / "a_seg.nii.gz"
        self.image.parent.mkdir(parents=True)
        self.image.write_bytes(b"image")
        self.weights.write_bytes(b"weights")

    def records(self, **options: Any) -> MaskRecords:
        options = {"weights": self.weights, "settings": {"window": [-200, 250]}, **options}
        return MaskRecords(self.root / "masks", self.root / "data", **options)

    def save(self, state: dict[str, Any] | None = None) -> None:
        records = self.records()
        records.start(self.image)
        self.mask.parent.mkdir(parents=True, exist_ok=True)
        self.mask.write_bytes(b"mask")
        records.finish(self.image, state=state)

    def test_picture_goes_with_its_mask(self) -> None:
        picture = self.root / "masks" / "sub" / "a_seg.webp"
        for change in (MaskRecords.start, MaskRecords.set_aside):
            self.save()
            self.assertEqual(self.records().get_picture_path(self.image), picture)
            picture.write_bytes(b"picture")
            change(self.records(), self.image)
            self.assertFalse(picture.exists())

    def test_picture_of_a_mask_that_was_never_written_goes(self) -> None:
        picture = self.records().get_picture_path(self.image)
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(b"picture")
        self.assertIsNone(self.records().set_aside(self.image))
        self.assertFalse(picture.exists())

    def test_mask_with_its_record_is_done(self) -> None:
        self.assertFalse(self.records().is_done(self.image))
        self.save()
        self.assertTrue(self.records().is_done(self.image))
        self.assertFalse(self.records(overwrite=True).is_done(self.image))

    def test_mask_without_record_and_record_without_mask_are_not_done(self) -> None:
        self.save()
        record = self.mask.with_name("a_seg.json")
        content = record.read_bytes()
        for damaged in (b"", b"[1]", b"\xff", content[:40]):
            record.write_bytes(damaged)
            self.assertFalse(self.records().is_done(self.image))
        record.write_bytes(content)
        self.assertTrue(self.records().is_done(self.image))
        self.mask.unlink()
        self.assertFalse(self.records().is_done(self.image))

    @parameterized.expand(["image_size", "image_time", "weights", "settings", "package", "no_weights"])
    def test_whatever_changes_makes_the_mask_stale(self, what: str) -> None:
        self.save()
        records = self.records()
        if what == "image_size":
            time = self.image.stat().st_mtime_ns
            self.image.write_bytes(b"longer image")
            os.utime(self.image, ns=(time, time))
        elif what == "image_time":
            os.utime(self.image, ns=(1, 1))
        elif what == "weights":
            self.weights.write_bytes(b"other weights")
        elif what == "settings":
            records = self.records(settings={"window": [-100, 250]})
        elif what == "package":
            record = self.mask.with_name("a_seg.json")
            record.write_text(record.read_text().replace(__version__, "0.0.1"))
        else:
            records = self.records(weights=None)
        self.assertFalse(records.is_done(self.image))

    def test_weights_are_those_at_the_beginning_of_each_run(self) -> None:
        records = self.records()
        for weights, later in ((b"first", b"second"), (b"third", b"fourth")):
            self.weights.write_bytes(weights)
            with records.locked():
                self.weights.write_bytes(later)  # as a training does that saves a better network
                records.start(self.image)
                self.mask.parent.mkdir(parents=True, exist_ok=True)
                self.mask.write_bytes(b"mask")
                records.finish(self.image)
            self.assertFalse(self.records().is_done(self.image))
            self.weights.write_bytes(weights)
            self.assertTrue(self.records().is_done(self.image))

    def test_image_that_changed_after_it_was_read_makes_the_mask_stale(self) -> None:
        state = image_state(self.image)
        self.image.write_bytes(b"longer image")
        self.save(state)
        self.assertFalse(self.records().is_done(self.image))
        self.save(image_state(self.image))
        self.assertTrue(self.records().is_done(self.image))

    def test_slice_that_changes_makes_a_series_stale(self) -> None:
        series = self.root / "data" / "series"
        series.mkdir()
        for name in "abc":
            (series / name).write_bytes(b"slice")
        records = self.records()
        (self.root / "masks").mkdir()
        (self.root / "masks" / "series_seg.nii.gz").write_bytes(b"mask")
        records.finish(series)
        self.assertTrue(records.is_done(series))
        (series / "c").unlink()
        self.assertFalse(records.is_done(series))

    def test_voxels_that_lie_elsewhere_make_a_header_stale(self) -> None:
        header, voxels = self.root / "data" / "a [1].mhd", self.root / "data" / "sub" / "voxels.raw"
        header.write_text("ElementDataFile = sub/voxels.raw")
        voxels.write_bytes(b"voxels")
        records = self.records()
        (self.root / "masks").mkdir()
        (self.root / "masks" / "a [1]_seg.nii.gz").write_bytes(b"mask")
        records.finish(header)
        self.assertTrue(records.is_done(header))
        os.utime(voxels, ns=(1, 1))
        self.assertFalse(records.is_done(header))

    def test_start_forgets_the_record_and_removes_what_a_killed_run_left(self) -> None:
        self.save()
        partial, other = self.mask.with_name(".12.a_seg.nii.gz"), self.mask.with_name(".12.b_seg.nii.gz")
        for path in (partial, other):
            path.write_bytes(b"half a mask")
        self.records().start(self.image)
        self.assertEqual(sorted(os.listdir(self.mask.parent)), [other.name, self.mask.name])

    def test_older_mask_is_set_aside(self) -> None:
        self.assertIsNone(self.records().set_aside(self.image))
        self.save()
        aside = self.records().set_aside(self.image)
        self.assertEqual(os.listdir(self.mask.parent), ["a_seg.nii.gz.outdated"])
        self.assertEqual(aside.read_bytes(), b"mask")

    def test_two_runs_exclude_each_other_and_a_killed_one_leaves_no_lock(self) -> None:
        context = multiprocessing.get_context("fork")
        ready = context.Event()
        other = context.Process(target=hold_lock, args=(str(self.root / "masks"), ready))
        other.start()
        self.assertTrue(ready.wait(60))
        with self.assertRaisesRegex(InputError, "output_dir: another run is at work in"), self.records().locked():
            pass
        other.kill()
        other.join()
        with self.records().locked():
            pass

    @parameterized.expand(
        [
            (None, None, "another run is"),
            (None, "1/8", "another run is"),
            ("1/8", None, "another run is"),
            ("1/8", "1/8", "shard 1/8 is"),
            ("1/8", "2/8", None),
            ("1/8", "1/80", "a shard of another number of shards than 80 is"),
            ("1/8", "2/4", "a shard of another number of shards than 4 is"),
        ]
    )
    def test_shards_exclude_runs_that_may_have_the_same_cases(
        self, first: str | None, second: str | None, at_work: str | None
    ) -> None:
        with self.records(shard=first).locked():
            if at_work is None:
                with self.records(shard=second).locked():
                    pass
            else:
                with self.assertRaisesRegex(InputError, f"output_dir: {at_work} at work in"):
                    with self.records(shard=second).locked():
                        pass
        with self.records(shard=second).locked():
            pass

    def test_a_run_of_all_cases_removes_the_locks_of_shards(self) -> None:
        for shard in ("1/2", "2/2"):
            with self.records(shard=shard).locked():
                pass
        self.assertIn(".lock_2_of_2", os.listdir(self.root / "masks"))
        with self.records().locked():
            self.assertEqual([name for name in os.listdir(self.root / "masks") if "lock" in name], [".lock"])

    def test_output_that_can_not_be_written_is_refused(self) -> None:
        (self.root / "masks").write_text("a file")
        with self.assertRaisesRegex(InputError, "output_dir: .*masks can't be written to: "), self.records().locked():
            pass


if __name__ == "__main__":
    unittest.main()
