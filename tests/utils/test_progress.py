# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from contextlib import redirect_stderr
from io import StringIO
from itertools import count
from unittest import mock

from monai_unet3plus.utils import progress
from monai_unet3plus.utils.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress(unittest.TestCase):
    def test_log_has_a_line_a_minute(self) -> None:
        with mock.patch.object(progress, "monotonic", side_effect=count(0, 25)), redirect_stderr(StringIO()) as shown:
            with self.assertLogs("monai_unet3plus.utils.progress", "INFO") as log, Progress(10, "slices", "a") as bar:
                for step in range(5):  # at 25, 50, 75 s and so on
                    bar.update(2, loss=step)
        lines = [record.getMessage() for record in log.records]
        self.assertEqual(lines, ["a: 6 of 10 slices, 01:15 passed, 00:50 left, loss 2"])
        self.assertEqual(shown.getvalue(), "")

    def test_what_takes_less_than_a_minute_is_not_logged(self) -> None:
        with redirect_stderr(StringIO()) as shown, self.assertNoLogs("monai_unet3plus", "INFO"), Progress(3) as bar:
            for _ in range(3):
                bar.update()
        self.assertEqual(shown.getvalue(), "")

    def test_terminal_has_a_bar(self) -> None:
        with redirect_stderr(Terminal()) as shown, Progress(14, "slices") as bar:
            bar.update(14, loss=0.25)
            bar.close()
        self.assertRegex(shown.getvalue(), r"/14 \[.* slices/s.*\]")

    def test_disabled_shows_nothing(self) -> None:
        with mock.patch.object(progress, "monotonic", side_effect=count(0, 100)), redirect_stderr(Terminal()) as shown:
            with self.assertNoLogs("monai_unet3plus", "INFO"), Progress(2, disable=True) as bar:
                bar.update(2)
        self.assertEqual(shown.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
