# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of monai_unet3plus.utils.process_group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import unittest
from contextlib import closing

from parameterized import parameterized

PROCESS = """
import datetime, os, sys, time
import torch.distributed as dist
from monai_unet3plus.utils.process_group import ProcessGroup
group = ProcessGroup("cpu", datetime.timedelta(hours=1))
group.init_process_group()
role = sys.argv[1]
if role == "fails":
    raise SystemExit("a reason")
if role == "is killed":
    os.kill(os.getpid(), 9)
if role == "waits":
    time.sleep(3000)  # in no operation of the group, which would notice that another process is gone
dist.barrier()
group.destroy_process_group()
if role == "lasts":
    time.sleep(1)
"""


def start(*roles: str) -> list[subprocess.Popen[str]]:
    """A process for each role, as any launcher starts them."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(len(roles))}
    return [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, role],
            env={**os.environ, **group, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, role in enumerate(roles)
    ]


class TestProcessGroup(unittest.TestCase):
    def finish(self, processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
        outputs = []
        for process in processes:
            self.addCleanup(process.kill)
            _, errors = process.communicate(timeout=300)
            outputs.append((process.returncode, errors))
        return outputs

    def test_processes_that_are_done_end_one_after_the_other(self) -> None:
        for status, errors in self.finish(start("works", "lasts")):
            self.assertEqual(status, 0, errors)

    @parameterized.expand(
        [("the_first", ["fails", "waits"], 1), ("another", ["waits", "is killed", "waits"], -signal.SIGKILL)]
    )
    def test_one_that_fails_ends_the_others(self, _: str, roles: list[str], failed: int) -> None:
        for role, (status, errors) in zip(roles, self.finish(start(*roles))):
            if role == "waits":
                self.assertEqual(status, 1)
                self.assertIn("another process of this run has failed", errors)
            else:
                self.assertEqual(status, failed)


if __name__ == "__main__":
    unittest.main()
