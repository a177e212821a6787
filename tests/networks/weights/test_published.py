# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import unittest
from pathlib import Path

import torch
from parameterized import parameterized

from monai_unet3plus.networks import load_published_weights
from monai_unet3plus.networks.nets import UNet3Plus
from tests.networks.published import NARROW_WIDTHS, VARIANTS, published_shapes, random_state

# The list of the authors' names, which is not part of the project.
PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "paper" / "published_parameter_names.txt"


def network(**kwargs: object) -> UNet3Plus:
    return UNet3Plus(**{"features": NARROW_WIDTHS, **kwargs})


class TestLoadPublishedWeights(unittest.TestCase):
    def setUp(self) -> None:
        self.state = random_state(published_shapes("UNet_3Plus", NARROW_WIDTHS))

    def test_returns_the_network_with_every_tensor_in_place(self) -> None:
        net = network()
        self.assertIs(load_published_weights(net, self.state), net)
        theirs = sorted((tuple(v.shape), float(v.double().sum())) for v in self.state.values())
        ours = sorted((tuple(v.shape), float(v.double().sum())) for v in net.state_dict().values())
        self.assertEqual(ours, theirs)

    @parameterized.expand(
        [
            ("missing", lambda s: s.pop("bn4d_1.bias"), "missing keys bn4d_1.bias"),
            ("unexpected", lambda s: s.update({"outconv2.bias": torch.zeros(1)}), "unexpected keys outconv2.bias"),
            (
                "shape",
                lambda s: s.update({"conv1.conv1.0.weight": torch.zeros(4, 1, 3, 3)}),
                r"conv1.conv1.0.weight has shape \(4, 1, 3, 3\) instead of \(4, 3, 3, 3\)",
            ),
        ]
    )
    def test_keys_that_do_not_fit_are_named_and_nothing_is_loaded(self, _: str, spoil: object, message: str) -> None:
        spoil(self.state)
        net = network()
        before = {key: value.clone() for key, value in net.state_dict().items()}
        with self.assertRaisesRegex(ValueError, message):
            load_published_weights(net, self.state)
        for key, value in net.state_dict().items():
            self.assertTrue(torch.equal(value, before[key]), key)

    @parameterized.expand(
        [
            ("instance_norm", {"norm": "instance"}),
            ("four_levels", {"features": (4, 8, 16, 32)}),
            ("no_bias", {"bias": False}),
        ]
    )
    def test_network_built_otherwise_is_refused(self, _: str, options: dict) -> None:
        with self.assertRaises(ValueError):
            load_published_weights(network(**options), self.state)

    @unittest.skipUnless(PUBLISHED.is_file(), "the list of published parameter names is not on this machine")
    def test_names_and_shapes_of_the_restatement_are_the_published_ones(self) -> None:
        sections = re.split(r"^## ", PUBLISHED.read_text(encoding="utf-8"), flags=re.M)[1:]
        self.assertEqual([section.split("\n", 1)[0].strip() for section in sections], list(VARIANTS))
        for variant, section in zip(VARIANTS, sections):
            listed = re.findall(r"^(\S+) \[(.*)\]$", section, re.M)
            expected = {name: tuple(int(size) for size in shape.split(",") if size) for name, shape in listed}
            self.assertEqual(published_shapes(variant), expected)


if __name__ == "__main__":
    unittest.main()
