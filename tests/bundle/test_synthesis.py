# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

from monai.bundle import ConfigParser

from monai_unet3plus.transforms.synthesis.base import RandSynthesisd
from tests.bundle.workflows import BUNDLE


def probabilities(factor: float) -> list[float]:
    """Of all transforms that paint."""
    parser = ConfigParser()
    parser.read_config([str(BUNDLE / "configs" / f"{name}.json") for name in ("train", "synthesis")])
    parser["device"], parser["synthesis_prob"] = "cpu", factor
    count = len(parser["train#random_transforms"])
    transforms = [parser.get_parsed_content(f"train#random_transforms#{k}") for k in range(count)]
    return [transform.transform.prob for transform in transforms if isinstance(transform, RandSynthesisd)]


class TestSynthesis(unittest.TestCase):
    def test_factor_is_that_of_all_transforms_that_paint(self) -> None:
        whole = probabilities(1.0)
        self.assertEqual(len(whole), 11)
        self.assertGreater(min(whole), 0)
        for factor in (0.5, 0.0):
            self.assertEqual(probabilities(factor), [factor * probability for probability in whole])


if __name__ == "__main__":
    unittest.main()
