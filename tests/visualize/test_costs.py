# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from PIL import Image

from monai_unet3plus.visualize import CostPoint, save_costs


class TestSaveCosts(unittest.TestCase):
    def test_names_are_at_the_points_and_none_covers_another(self) -> None:
        points = [
            CostPoint(f"network {k}", "even" if k % 2 == 0 else "odd", 2.0 + 0.01 * k, 0.9, (0.88, 0.91))
            for k in range(6)
        ]
        figures: list[Figure] = []
        saved = Figure.savefig

        def save(figure: Figure, *args: object, **kwargs: object) -> None:
            figures.append(figure)
            saved(figure, *args, **kwargs)

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(Figure, "savefig", save):
            save_costs(points, Path(folder) / "costs.png")
            with Image.open(Path(folder) / "costs.png") as picture:
                colours = picture.convert("RGB").resize((200, 140)).getcolors(100_000)
        self.assertTrue(all(r == g == b for _, (r, g, b) in colours))
        names = [child for child in figures[0].axes[0].get_children() if isinstance(child, Annotation)]
        self.assertEqual([name.get_text() for name in names], [point.name for point in points])
        boxes = [Text.get_window_extent(name) for name in names]
        self.assertEqual(sum(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k]), 0)


if __name__ == "__main__":
    unittest.main()
