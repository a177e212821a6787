# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""inference.json with multi_gpu_inference.json in processes on a CPU, as any launcher starts them."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import socket
import unittest
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import torch
from monai.engines import IterationEvents

from monai_unet3plus.utils.command import as_command
from tests.broken_files import write_ct
from tests.bundle.forked_runs import ForkedRuns
from tests.bundle.workflows import inference


@as_command()
def segment(data: Path, masks: Path, checkpoint: Path, group: dict[str, str], log: Path, killed: bool) -> None:
    torch.set_num_threads(1)
    os.environ.update(group)
    logging.basicConfig(filename=log, filemode="w", level=logging.INFO, force=True)
    workflow = inference(data, masks, "multi_gpu_inference", checkpoint=checkpoint)
    workflow.initialize()
    evaluator = workflow.parser.get_parsed_content("evaluator")

    def die() -> None:
        if killed and evaluator.state.iteration == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    evaluator.add_event_handler(IterationEvents.MODEL_COMPLETED, die)
    workflow.run()
    workflow.finalize()


class TestMultiGPUInference(ForkedRuns):
    def segment(self, world_size: int, killed: int | None = None) -> list[int | None]:
        """The exit codes of all processes."""
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            port = server.getsockname()[1]
        group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(world_size)}
        processes = []
        for rank in range(world_size):
            own = {**group, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            args = (self.data, self.masks, self.checkpoint, own, self.work / f"log_{rank}", rank == killed)
            processes.append(multiprocessing.get_context("fork").Process(target=segment, args=args))
        for process in processes:
            process.start()
            self.addCleanup(process.kill)
        for process in processes:
            process.join(300)
        return [process.exitcode for process in processes]

    def log(self, rank: int) -> str:
        return (self.work / f"log_{rank}").read_text()

    def statuses(self) -> dict[str, str]:
        cases = json.loads((self.masks / "report.json").read_text())["cases"]
        return {case["image"]: case["status"] for case in cases}

    @pytest.mark.slow
    def test_a_process_that_is_killed_loses_its_case_alone_and_the_same_command_makes_the_rest(self) -> None:
        for number in range(7):
            write_ct(self.data / f"case_{number}.nii.gz", (36, 34, 2), seed=number)
        (self.data / "broken.nii.gz").write_bytes(b"no CT")
        self.assertEqual(self.segment(3, killed=1), [1, -signal.SIGKILL, 1])
        self.assertEqual(len(list(self.masks.glob("*_seg.nii.gz"))), 3 + 1 + 2)
        self.assertFalse((self.masks / "report.json").exists())
        for rank in (0, 2):
            self.assertTrue((self.masks / f"report_{rank + 1}_of_3.html").is_file())
            self.assertIn("another process of this run ended before its cases were done", self.log(rank))

        self.assertEqual(self.segment(3), [3, 0, 0])
        self.assertEqual(list(self.statuses()), sorted(os.listdir(self.data)))
        self.assertEqual(Counter(self.statuses().values()), {"unchanged": 6, "segmented": 1, "failed": 1})
        self.assertEqual(list(self.masks.glob("report_*")), [])
        self.assertIn("7 of 8 cases segmented, 1 failed", self.log(0))

    def test_fewer_cases_than_processes(self) -> None:
        write_ct(self.data / "case.nii.gz", (36, 34, 2))
        self.assertEqual(self.segment(2), [0, 0])
        self.assertEqual(self.statuses(), {"case.nii.gz": "segmented"})


if __name__ == "__main__":
    unittest.main()
