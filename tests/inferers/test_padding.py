# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
import torch.nn.functional as F
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.inferers.padding import PadWindows, pad_windows
from monai_unet3plus.networks.nets import UNet3Plus


class TestPadWindows(unittest.TestCase):
    def test_sizes_become_multiples_and_content_stays(self) -> None:
        windows = torch.rand(2, 3, 17, 32)
        padded = pad_windows(windows, 16)
        self.assertEqual(tuple(padded.shape), (2, 3, 32, 32))
        self.assertTrue(torch.equal(padded[..., :17, :], windows))
        self.assertEqual(float(padded[..., 17:, :].abs().max()), 0.0)
        self.assertIs(pad_windows(padded, 16), padded)

    def test_output_is_cropped(self) -> None:
        windows = torch.rand(1, 3, 5, 9)
        self.assertTrue(torch.equal(PadWindows(lambda x: 2 * x, 4)(windows), 2 * windows))

    @parameterized.expand([(False,), (True,)])
    def test_whole_slices_of_any_size_equal_padded_ones(self, guided: bool) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(
            in_channels=1, out_channels=2, features=(4, 4, 4), classification_guided=guided, deep_supervision=guided
        ).eval()
        volume = torch.rand(1, 1, 21, 30, 3)
        inferer = AdjacentSliceInferer(num_slices=1, presence_gate=False)
        with torch.no_grad():
            found = inferer(volume, network)
            for k in range(3):
                plane = F.pad(volume[..., k], [0, 2, 0, 3])  # to 24 x 32, multiples of 4
                expected = network.decode(network.encode(plane)) if guided else network(plane)
                torch.testing.assert_close(found[..., k], expected[..., :21, :30], atol=1e-5, rtol=1e-4)


class TestPresenceGate(unittest.TestCase):
    def test_without_the_gate_organs_that_are_judged_absent_are_decoded(self) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(in_channels=1, out_channels=1, features=(4, 4, 4), classification_guided=True).eval()
        for parameter in network.presence_head.parameters():
            parameter.data.zero_()  # margins of 0: absent
        volume = torch.rand(1, 1, 16, 16, 2)
        with torch.no_grad():
            gated = AdjacentSliceInferer(num_slices=1)(volume, network)
            ungated = AdjacentSliceInferer(num_slices=1, presence_gate=False)(volume, network)
        self.assertTrue(bool((gated == -30).all()))
        self.assertTrue(bool((ungated > -30).all()))


if __name__ == "__main__":
    unittest.main()
