# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of a GPU, tried on a processor, so that it works where a GPU is lent for minutes."""

from __future__ import annotations

import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import pytest

from tests.benchmarks.gpu import main
from tests.benchmarks.gpu_contests import Contests
from tests.benchmarks.gpu_page import NOT_MEASURED, Table

TINY = "--device cpu --widths 2 2 2 2 2 --size 32 --batches 1 --slices 2 --rounds 2 --backend eager --skip_tests"


class TestGPUBenchmark(unittest.TestCase):
    def run_benchmark(self, *options: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            main([*TINY.split(), *options, "--output", str(page)])
            return page.read_text(encoding="utf-8")

    @pytest.mark.slow
    def test_every_row_is_measured(self) -> None:
        page = self.run_benchmark()
        self.assertNotIn(NOT_MEASURED, page)
        for row in (
            "1 | bfloat16 | published network",
            "1 | bfloat16 | ours, compiled",
            "bfloat16 | ours, channels last",
            "bfloat16 | ours, compiled, 8 slices at a time",
        ):
            self.assertRegex(page, rf"\| {re.escape(row)} \| [\d.]+ ")
        self.assertRegex(page, r"matrix products: [\d.]+ TFLOP/s in float32")
        self.assertRegex(page, r"Where a forward pass goes.*\n\n\| \| calls")

    def test_run_that_is_cut_short_keeps_its_rows_and_marks_the_others(self) -> None:
        def fail(*_: object) -> None:
            raise RuntimeError("no such kernel")

        def fill(_: Contests, table: Table, batch: int, precision: str, name: str) -> object:
            return (lambda: table.fill((str(batch), precision, name), "12.5")) if name == "ours" else fail

        others = {name: lambda *_: fail for name in ("training", "whole_ct")}
        parts = {"forward": fill, "profile_forward": fail, "measure_peaks": fail, **others}
        with mock.patch.multiple(Contests, **parts), self.assertLogs("gpu", "ERROR") as log:
            page = self.run_benchmark()
        self.assertIn("| 1 | bfloat16 | ours | 12.5 |", page)
        self.assertIn(f"| 1 | bfloat16 | ours, compiled | {NOT_MEASURED} |", page)
        self.assertIn("no such kernel", "".join(log.output))
        with mock.patch.multiple(Contests, **parts):
            page = self.run_benchmark("--minutes", "0")
        self.assertIn(f"| 1 | bfloat16 | ours | {NOT_MEASURED} |", page)

    def test_row_that_the_table_lacks_is_an_error(self) -> None:
        table = Table("Times", "Of a pass.", ["network"], ["time", "memory"], [("ours",), ("theirs",)])
        table.fill(("ours",), "1 s")
        with self.assertRaisesRegex(KeyError, "there is no row"):
            table.fill(("other",), "1 s")
        self.assertIn("| ours | 1 s |  |\n| theirs | not measured |  |", str(table))


if __name__ == "__main__":
    unittest.main()
