# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from matplotlib.axes import Axes

from monai_unet3plus.visualize import save_curves

ROWS = [
    {"epoch": "1", "loss": "3.0", "focal": "1.0", "train_mean_dice": "0.2"},
    {"epoch": "2", "loss": "2.0", "focal": "0.5", "train_mean_dice": "0.4", "val_mean_dice": "0.3"},
    {"epoch": "3", "loss": "1.5", "focal": "0.4", "train_mean_dice": "0.5", "val_mean_dice": ""},
]


class TestSaveCurves(unittest.TestCase):
    def test_losses_and_metrics_are_drawn_where_they_are_known(self) -> None:
        drawn: dict[str, list] = {}

        def plot(self: Axes, x: tuple, y: tuple, label: str, **kwargs: object) -> None:
            drawn[label] = list(zip(x, y))

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(Axes, "plot", plot):
            save_curves(ROWS, Path(folder) / "curves.png")
        self.assertEqual(drawn["loss"], [(1, 3.0), (2, 2.0), (3, 1.5)])
        self.assertEqual(drawn["val mean dice"], [(2, 0.3)])
        self.assertEqual(set(drawn), {"loss", "focal", "train mean dice", "val mean dice"})

    def test_picture_is_written_even_without_metrics(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            save_curves([{"epoch": "1", "loss": "3.0"}], Path(folder) / "new" / "curves.png")
            self.assertEqual((Path(folder) / "new" / "curves.png").read_bytes()[:4], b"\x89PNG")


if __name__ == "__main__":
    unittest.main()
