# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs the blocks of docs/recipes.md; the one on federated learning has a test in tests/bundle."""

from __future__ import annotations

import re
import unittest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")


def run(title: str) -> dict[str, Any]:
    """Run the block below a heading, and return its names."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    (block,) = re.findall(r"^```python\n(.*?)^```", section, re.M | re.S)
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(block, title, "exec"), names)
    return names


class TestRecipes(unittest.TestCase):
    def test_supervised_trainer(self) -> None:
        names = run("SupervisedTrainer, deep supervision")
        self.assertEqual(names["trainer"].state.iteration, 2)
        self.assertGreaterEqual(names["evaluator"].state.metrics["dice"], 0.0)
        self.assertEqual(tuple(names["evaluator"].state.output[0]["pred"].shape), (1, 64, 64))

    def test_patches_in_3d(self) -> None:
        self.assertEqual(tuple(run("3D, patches")["logits"].shape), (1, 1, 40, 48, 36))

    @unittest.skipUnless(find_spec("lightning"), "lightning is not installed (extra: lightning)")
    def test_lightning(self) -> None:
        self.assertEqual(run("Lightning")["trainer"].global_step, 1)


if __name__ == "__main__":
    unittest.main()
