# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from PIL import Image

from monai_unet3plus.visualize import CostPoint, save_costs


@contextmanager
def saved_figures() -> Iterator[list[Figure]]:
    """Collect the figures that are saved."""
    figures: list[Figure] = []
    saved = Figure.savefig

    def save(figure: Figure, *args: object, **kwargs: object) -> None:
        figures.append(figure)
        saved(figure, *args, **kwargs)

    with mock.patch.object(Figure, "savefig", save):
        yield figures


class TestSaveCosts(unittest.TestCase):
    def test_names_are_at_the_points_and_none_covers_another(self) -> None:
        points = [
            CostPoint(f"network {k}", "even" if k % 2 == 0 else "odd", 2.0 + 0.01 * k, 0.9, (0.88, 0.91))
            for k in range(6)
        ]
        with tempfile.TemporaryDirectory() as folder, saved_figures() as figures:
            save_costs(points, Path(folder) / "costs.png")
            with Image.open(Path(folder) / "costs.png") as picture:
                colours = picture.convert("RGB").resize((200, 140)).getcolors(100_000)
        self.assertTrue(all(r == g == b for _, (r, g, b) in colours))
        names = [child for child in figures[0].axes[0].get_children() if isinstance(child, Annotation)]
        self.assertCountEqual([name.get_text() for name in names], [point.name for point in points])
        boxes = [Text.get_window_extent(name) for name in names]
        self.assertEqual(sum(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k]), 0)

    def test_points_of_the_same_cost_are_side_by_side_the_lowest_first(self) -> None:
        points = [CostPoint(str(dice), "one", 2.0, dice, (dice - 0.01, dice + 0.01)) for dice in (0.9, 0.7, 0.8)]
        alone = CostPoint("alone", "one", 0.5, 0.6, (0.5, 0.7))
        with tempfile.TemporaryDirectory() as folder, saved_figures() as figures:
            save_costs([*points, alone], Path(folder) / "costs.png")
        lines = [line.get_xydata() for line in figures[0].axes[0].lines if line.get_marker() == "o"]
        drawn = sorted((float(x), float(y)) for line in lines for x, y in line)
        self.assertEqual([y for _, y in drawn], [0.6, 0.7, 0.8, 0.9])
        x = [x for x, _ in drawn]
        self.assertAlmostEqual(x[0], 0.5)
        self.assertAlmostEqual(x[2], 2)
        self.assertTrue(1.7 < x[1] < 1.98 and 2.02 < x[3] < 2.3, x)


if __name__ == "__main__":
    unittest.main()
