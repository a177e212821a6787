# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import copy
import errno
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import nibabel as nib
import numpy as np
import torch
from ignite.engine import Events
from monai.data import DataLoader
from monai.engines import IterationEvents
from monai.handlers import from_engine
from monai.transforms import Compose, EnsureChannelFirstd, Invertd, LoadImaged, Orientationd
from parameterized import parameterized

from monai_unet3plus.engines import CaseDataset, CaseEvaluator
from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.masks.records import MaskRecords
from monai_unet3plus.transforms import CheckGridd, CheckIntensityd, CheckVolumed, SaveImaged, logits_to_label_map
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai_unet3plus.engines.case_evaluator"
AFFINE = np.diag([-0.7, 0.7, 5.0, 1.0])


class Brighter(torch.nn.Module):
    """Segments voxels brighter than one half; fails on a volume with a value of 100."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.error is not None and x.max() == 100:
            raise self.error
        return x[:, 1:2] - 0.5


class TestCaseEvaluator(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.data, self.masks = Path(folder.name) / "data", Path(folder.name) / "masks"
        self.data.mkdir()

    def put(self, name: str, shape: tuple[int, ...] = (6, 5, 4), first: float = 0.0) -> Path:
        array = np.random.RandomState(0).rand(*shape).astype(np.float32)
        array.flat[0] = first
        nib.save(nib.Nifti1Image(array, AFFINE), self.data / name)
        return self.data / name

    def put_one_good_and_three_bad(self) -> None:
        (self.data / "a_text.nii.gz").write_text("not a volume")
        self.put("b_nan.nii.gz", first=np.nan)
        self.put("c_good.nii.gz")
        self.put("d_series.nii.gz", shape=(6, 5, 4, 2))

    def evaluator(self, network: torch.nn.Module, num_workers: int = 0, **kwargs: Any) -> CaseEvaluator:
        preprocessing = Compose(
            [
                LoadImaged("image"),
                CheckVolumed("image"),
                CheckIntensityd("image"),
                EnsureChannelFirstd("image", channel_dim="no_channel"),
                Orientationd("image", axcodes="RAS", labels=None),
            ]
        )
        postprocessing = Compose(
            [
                Invertd("pred", preprocessing, "image", nearest_interp=True),
                CheckGridd("pred"),
                SaveImaged("pred", self.masks, self.data),
            ]
        )
        cases = [{"image": str(path)} for path in sorted(self.data.iterdir())]
        dataset = CaseDataset(cases, preprocessing, records=kwargs.get("records"))
        return CaseEvaluator(
            device=torch.device("cpu"),
            val_data_loader=DataLoader(dataset, batch_size=1, num_workers=num_workers),
            network=network,
            inferer=AdjacentSliceInferer(postprocess=logits_to_label_map),
            postprocessing=postprocessing,
            **kwargs,
        )

    def files(self) -> list[str]:
        return sorted(path.relative_to(self.masks).as_posix() for path in self.masks.rglob("*") if path.is_file())

    @parameterized.expand([("in_the_main_process", 0), ("in_a_worker", 1)])
    def test_bad_cases_do_not_sink_the_run(self, _: str, num_workers: int) -> None:
        self.put_one_good_and_three_bad()
        evaluator = self.evaluator(Brighter(), num_workers)
        with self.assertLogs(LOGGER, "INFO") as logged:
            evaluator.run()

        self.assertEqual(evaluator.succeeded, 1)
        bad = [str(self.data / name) for name in ("a_text.nii.gz", "b_nan.nii.gz", "d_series.nii.gz")]
        self.assertEqual(list(evaluator.failures), bad)
        self.assertIn(f"{bad[1]}: expected finite voxel values, but 1 of 120", evaluator.failures[bad[1]])
        self.assertIn(f"{bad[2]}: expected one 3D volume, but found 4 dimensions", evaluator.failures[bad[2]])

        errors = [record.getMessage() for record in logged.records if record.levelname == "ERROR"]
        self.assertEqual(len(errors), 3)
        for path, error in zip(bad, errors):
            self.assertIn(path, error)
            self.assertNotIn("\n", error)
        self.assertIn(f"3 of 4: {self.data / 'c_good.nii.gz'} segmented", logged.output[2])

    def test_only_good_cases_leave_a_mask_and_it_is_right(self) -> None:
        self.put_one_good_and_three_bad()
        self.evaluator(Brighter()).run()
        self.assertEqual(self.files(), ["c_good_seg.nii.gz"])
        mask, image = nib.load(self.masks / "c_good_seg.nii.gz"), nib.load(self.data / "c_good.nii.gz")
        np.testing.assert_array_equal(mask.get_fdata(), image.get_fdata() > 0.5)
        np.testing.assert_allclose(mask.affine, image.affine)

    @parameterized.expand([(RuntimeError("out of\n memory"), "RuntimeError: out of memory"), (ValueError("x"), "x")])
    def test_network_that_fails_for_one_case_fails_that_case(self, error: Exception, reason: str) -> None:
        for name, first in (("a.nii.gz", 0.0), ("b.nii.gz", 100.0), ("c.nii.gz", 0.0)):
            self.put(name, first=first)
        evaluator = self.evaluator(Brighter(error))
        evaluator.run()
        self.assertEqual(evaluator.succeeded, 2)
        self.assertEqual(list(evaluator.failures), [str(self.data / "b.nii.gz")])
        self.assertIn(reason, evaluator.failures[str(self.data / "b.nii.gz")])
        self.assertEqual(self.files(), ["a_seg.nii.gz", "c_seg.nii.gz"])

    @parameterized.expand([("at_once", False), ("in_the_background", True)])
    def test_mask_that_can_not_be_saved_fails_its_case(self, _: str, background: bool) -> None:
        self.put("a.nii.gz")
        self.put("b.nii.gz")
        (self.masks / "a_seg.nii.gz").mkdir(parents=True)  # a folder stands where the mask should go
        records = MaskRecords(self.masks, self.data)
        evaluator = self.evaluator(Brighter(), records=records, write_in_background=background)
        evaluator.add_event_handler(
            IterationEvents.MODEL_COMPLETED, lambda engine: engine.current.organs.update(liver={"volume_ml": 1.0})
        )
        evaluator.run()
        self.assertEqual([bool(result.organs) for result in evaluator.results], [False, True])
        self.assertEqual([result.status for result in evaluator.results], ["failed", "segmented"])
        self.assertIn(str(self.masks / "a_seg.nii.gz"), evaluator.failures[str(self.data / "a.nii.gz")])
        self.assertEqual(self.files(), [".lock", "b_seg.json", "b_seg.nii.gz"])

    # in the background, one more case is computed by the time that the disk is known to be full
    @parameterized.expand([("at_once", False, 1), ("in_the_background", True, 2)])
    def test_full_disk_ends_the_run_and_leaves_earlier_masks(self, _: str, background: bool, failed: int) -> None:
        for name in "abcd":
            self.put(f"{name}.nii.gz")
        evaluator, full = self.evaluator(Brighter(), write_in_background=background), OSError(errno.ENOSPC, "full")
        with mock.patch("nibabel.save", side_effect=[mock.DEFAULT, full, full], wraps=nib.save):
            with self.assertLogs(LOGGER, "ERROR") as logged:
                evaluator.run()
        self.assertEqual((evaluator.succeeded, len(evaluator.failures), evaluator.not_tried), (1, failed, 3 - failed))
        self.assertEqual(self.files(), ["a_seg.nii.gz"])
        self.assertIn("the run ends", logged.output[0])
        self.assertIn("b.nii.gz: No space left on device", logged.output[1])

    def test_mask_is_written_while_the_next_case_is_computed(self) -> None:
        self.put("a.nii.gz")
        self.put("b.nii.gz", first=100.0)
        computing, save = threading.Event(), nib.save

        class Spy(Brighter):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                if x.max() == 100:
                    computing.set()
                return super().forward(x)

        def wait_and_save(*args: Any) -> None:
            self.assertTrue(computing.wait(30))
            save(*args)

        evaluator = self.evaluator(Spy(), write_in_background=True)
        with mock.patch("nibabel.save", wait_and_save):
            evaluator.run()
        self.assertEqual([Path(result.image).name for result in evaluator.results], ["a.nii.gz", "b.nii.gz"])
        self.assertEqual(self.files(), ["a_seg.nii.gz", "b_seg.nii.gz"])

    def test_cases_stay_in_order_when_masks_are_written_in_the_background(self) -> None:
        self.put_one_good_and_three_bad()
        self.put("e_good.nii.gz")
        records = MaskRecords(self.masks, self.data)
        self.evaluator(Brighter(), records=records, write_in_background=True).run()
        (self.masks / "c_good_seg.nii.gz").unlink()
        evaluator = self.evaluator(Brighter(), records=records, write_in_background=True)
        evaluator.run()
        self.assertEqual([r.status for r in evaluator.results], "failed failed segmented failed unchanged".split())

    def test_evaluator_can_be_run_again_and_copied(self) -> None:
        self.put("a.nii.gz")
        evaluator = self.evaluator(Brighter(), write_in_background=True)
        for _ in range(2):
            evaluator.run()
            self.assertEqual((evaluator.succeeded, evaluator.failures), (1, {}))
        copy.deepcopy(evaluator)  # of an idle thread there would be none

    def test_interrupt_waits_for_the_mask_that_is_being_written(self) -> None:
        self.put("a.nii.gz")
        self.put("b.nii.gz", first=100.0)
        records = MaskRecords(self.masks, self.data)
        evaluator = self.evaluator(Brighter(KeyboardInterrupt()), records=records, write_in_background=True)
        with self.assertRaises(KeyboardInterrupt):
            evaluator.run()
        self.assertEqual((evaluator.succeeded, evaluator.not_tried), (1, 1))
        self.assertEqual(self.files(), [".lock", "a_seg.json", "a_seg.nii.gz"])
        self.assertTrue(records.is_done(self.data / "a.nii.gz"))

    def test_handlers_see_the_output_of_good_cases_only(self) -> None:
        self.put_one_good_and_three_bad()
        seen: list[tuple] = []
        evaluator = self.evaluator(Brighter())
        pick = from_engine(["image", "pred"])
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, lambda engine: seen.append(pick(engine.state.output)))
        evaluator.run()
        ((images, masks),) = seen
        self.assertEqual((images[0].shape, masks[0].shape), ((1, 6, 5, 4), (1, 6, 5, 4)))

    @parameterized.expand([("in_the_main_process", 0), ("in_a_worker", 1)])
    def test_second_run_does_what_is_missing(self, _: str, num_workers: int) -> None:
        self.put_one_good_and_three_bad()
        self.put("e_good.nii.gz")
        records = MaskRecords(self.masks, self.data)
        self.evaluator(Brighter(), num_workers, records=records).run()
        (self.masks / "e_good_seg.nii.gz").unlink()
        self.put("b_nan.nii.gz")
        evaluator = self.evaluator(Brighter(), num_workers, records=records)
        evaluator.run()
        self.assertEqual([r.status for r in evaluator.results], "failed segmented unchanged failed segmented".split())
        self.assertEqual((evaluator.succeeded, len(evaluator.failures)), (3, 2))

    @parameterized.expand([("at_once", False, 0), ("in_the_background", True, 1)])
    def test_image_that_changes_after_it_was_read_is_done_again(self, _: str, background: bool, workers: int) -> None:
        image, put = self.put("a.nii.gz"), self.put

        class SlicesArrive(Brighter):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                put("a.nii.gz", shape=(6, 5, 8))
                return super().forward(x)

        records = MaskRecords(self.masks, self.data)
        for network, depth in ((SlicesArrive(), 4), (Brighter(), 8)):
            evaluator = self.evaluator(network, workers, records=records, write_in_background=background)
            evaluator.run()
            self.assertEqual([result.status for result in evaluator.results], ["segmented"])
            self.assertEqual(nib.load(self.masks / "a_seg.nii.gz").shape[2], depth)
        self.assertTrue(records.is_done(image))

    def test_older_mask_of_a_case_that_fails_is_set_aside(self) -> None:
        self.put("a.nii.gz")
        records = MaskRecords(self.masks, self.data)
        self.evaluator(Brighter(), records=records).run()
        self.put("a.nii.gz", first=np.nan)
        evaluator = self.evaluator(Brighter(), records=records)
        evaluator.run()
        self.assertEqual(self.files(), [".lock", "a_seg.nii.gz.outdated"])
        self.assertIn("an older mask was renamed to a_seg.nii.gz.outdated", evaluator.results[0].remarks)

    def test_two_runs_on_one_folder_exclude_each_other(self) -> None:
        self.put("a.nii.gz")
        evaluator = self.evaluator(Brighter(), records=MaskRecords(self.masks, self.data))
        with MaskRecords(self.masks, self.data).locked(), self.assertRaisesRegex(InputError, "another run is at work"):
            evaluator.run()
        evaluator.run()
        self.assertEqual(evaluator.succeeded, 1)

    def test_warnings_are_in_the_results(self) -> None:
        self.put("a.nii.gz")
        evaluator = self.evaluator(Brighter())
        evaluator.run()
        (result,) = evaluator.results
        self.assertEqual(result.status, "segmented")
        self.assertRegex(result.remarks[0], "a.nii.gz: expected Hounsfield units")

    def test_keyboard_interrupt_ends_the_run(self) -> None:
        self.put("a.nii.gz", first=100.0)
        self.put("b.nii.gz")
        evaluator = self.evaluator(Brighter(KeyboardInterrupt()))
        with self.assertRaises(KeyboardInterrupt):
            evaluator.run()
        self.assertEqual((evaluator.succeeded, evaluator.failures), (0, {}))
        self.assertFalse(self.masks.exists() and self.files())

    def test_second_run_counts_anew(self) -> None:
        self.put_one_good_and_three_bad()
        evaluator = self.evaluator(Brighter())
        evaluator.run()
        first = dict(evaluator.failures)
        evaluator.run()
        self.assertEqual((evaluator.succeeded, evaluator.failures), (1, first))
        self.put("b_nan.nii.gz")
        evaluator.run()
        self.assertEqual((evaluator.succeeded, len(evaluator.failures)), (2, 2))

    def test_network_is_in_evaluation_mode_also_after_a_failure(self) -> None:
        modes: list[bool] = []

        class Spy(Brighter):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                modes.append(self.training)
                return super().forward(x)

        self.put("a.nii.gz", first=100.0)
        self.put("b.nii.gz")
        self.evaluator(Spy(RuntimeError("x")).train()).run()
        self.assertEqual(set(modes), {False})


if __name__ == "__main__":
    unittest.main()
