# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Several processes that segment the shards of one folder into one folder, at once."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import unittest
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import torch
from monai.engines import IterationEvents

from tests.broken_files import write_ct
from tests.bundle.forked_runs import ForkedRuns
from tests.bundle.workflows import inference, run

CASES, SHARDS, KILLED = 7, 3, 2


def segment_shard(data: Path, masks: Path, checkpoint: Path, shard: str, together: Any, killed: bool) -> None:
    torch.set_num_threads(1)
    workflow = inference(data, masks, checkpoint=checkpoint, shard=shard)
    workflow.initialize()
    evaluator = workflow.parser.get_parsed_content("evaluator")

    def wait_or_die() -> None:
        if evaluator.state.iteration == 1:
            together.wait(120)  # until every shard has a case in its hands
        elif killed:
            os.kill(os.getpid(), signal.SIGKILL)

    evaluator.add_event_handler(IterationEvents.MODEL_COMPLETED, wait_or_die)
    workflow.run()
    workflow.finalize()


class TestShards(ForkedRuns):
    def statuses(self, report: str) -> dict[str, str]:
        cases = json.loads((self.masks / report).read_text())["cases"]
        return {case["image"]: case["status"] for case in cases}

    def test_shards_at_once_of_which_one_is_killed_make_the_masks_of_a_single_run(self) -> None:
        for number in range(CASES):
            write_ct(self.data / f"case_{number}.nii.gz", (36, 34, 2 + number % 3), seed=number)
        reference = self.work / "reference"
        run(inference(self.data, reference, checkpoint=self.checkpoint))

        context = multiprocessing.get_context("fork")
        together = context.Barrier(SHARDS)
        names = [f"{number}/{SHARDS}" for number in range(1, SHARDS + 1)]
        processes = [
            context.Process(
                target=segment_shard,
                args=(self.data, self.masks, self.checkpoint, name, together, name.startswith(str(KILLED))),
            )
            for name in names
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        codes = [process.exitcode for process in processes]
        self.assertEqual(codes, [-signal.SIGKILL if name.startswith(str(KILLED)) else 0 for name in names])
        self.assertEqual(len(list(self.masks.glob("*_seg.nii.gz"))), 3 + 1 + 2)

        run(inference(self.data, self.masks, checkpoint=self.checkpoint, shard=f"{KILLED}/{SHARDS}"))
        shards = [self.statuses(f"report_{name.replace('/', '_of_')}.json") for name in names]
        self.assertEqual(sorted(image for shard in shards for image in shard), sorted(os.listdir(self.data)))
        self.assertEqual([list(shard.values()).count("unchanged") for shard in shards], [0, 1, 0])
        self.assertFalse((self.masks / "report.json").exists())

        run(inference(self.data, self.masks, checkpoint=self.checkpoint))
        self.assertEqual(self.statuses("report.json"), dict.fromkeys(sorted(os.listdir(self.data)), "unchanged"))
        for expected in reference.glob("*_seg.nii.gz"):
            mask = nib.load(self.masks / expected.name)
            np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(nib.load(expected).dataobj))

    def test_shard_without_a_case_ends_well(self) -> None:
        write_ct(self.data / "case.nii.gz")
        run(inference(self.data, self.masks, checkpoint=self.checkpoint, shard="2/2"))
        self.assertEqual(list(self.masks.glob("*_seg.nii.gz")), [])

    def test_cases_of_two_shards_whose_masks_would_have_one_name_are_refused(self) -> None:
        images = [str(self.work / folder / "ct.nii.gz") for folder in "xy"]
        for image in images:
            write_ct(Path(image))
        with self.assertRaisesRegex(SystemExit, "1"), self.assertLogs(level="ERROR") as log:
            run(inference(self.data, self.masks, checkpoint=self.checkpoint, shard="1/2", datalist=images))
        self.assertRegex(log.output[-1], "x/ct.nii.gz and .*y/ct.nii.gz would both be written to")


if __name__ == "__main__":
    unittest.main()
