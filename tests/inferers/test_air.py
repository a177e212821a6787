# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from typing import Any

import torch
import torch.nn.functional as F
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.inferers.air import find_body
from monai_unet3plus.networks.blocks import ABSENT_LOGIT
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.utils.errors import InputError

WINDOWS = SlidingWindowInferer((16, 16), sw_batch_size=3, overlap=0, mode="constant")


def volume() -> torch.Tensor:
    """Air on the right, and everywhere in the last two of five slices."""
    volume = torch.rand(1, 1, 32, 48, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    volume[:, :, :, 16:] = 0
    volume[..., 3:] = 0
    return volume


class CountingNetwork(torch.nn.Module):
    """Counts the windows it sees; its logits are 1 everywhere, in air too."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        return torch.ones(len(x), 2, *x.shape[2:])


class ShortOfMemory(CountingNetwork):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return super().forward(x)


class LocalNetwork(torch.nn.Module):
    """A network with a classifier, whose logits depend on a pixel and its 4 x 4 block; it notes the decoded images."""

    classification_guided, out_channels, reduction = True, 1, 4

    def __init__(self) -> None:
        super().__init__()
        self.eval()
        self.decoded: list[tuple[int, ...]] = []

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [x, F.max_pool2d(x, 4)]

    def presence_head(self, deepest: torch.Tensor) -> torch.Tensor:
        return torch.tensor([0.0, 1.0]).expand(len(deepest), 1, 2)

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        self.decoded.append(tuple(maps[0].shape[2:]))
        return maps[0][:, 1:2] + F.interpolate(maps[1][:, 1:2], scale_factor=4)


class TestCropToBody(unittest.TestCase):
    @parameterized.expand([((50, 70),), ((64, 64),), ((40, 40),)])
    def test_body_alone_is_decoded_with_the_same_logits(self, window: tuple[int, int]) -> None:
        inputs = torch.zeros(1, 1, 50, 70, 3)
        inputs[:, :, 17:30, 33:46] = torch.rand(13, 13, 3) + 0.1
        inner = SlidingWindowInferer(window, mode="gaussian")
        whole, cropped = LocalNetwork(), LocalNetwork()
        expected = AdjacentSliceInferer(inner, air_threshold=0.0)(inputs, whole)
        found = AdjacentSliceInferer(inner, air_threshold=0.0, crop_to_body=True)(inputs, cropped)
        body = inputs > 0
        torch.testing.assert_close(found[body], expected[body])
        for outside in (found[:, :, :5], found[:, :, :, :21]):
            torch.testing.assert_close(outside, torch.full_like(outside, ABSENT_LOGIT))
        self.assertEqual(len(cropped.decoded), len(whole.decoded))
        for rows, columns in cropped.decoded:
            self.assertLessEqual(max(rows, columns), 13 + 2 * 8 + 2 * 3)

    def test_box_has_a_margin_and_begins_and_ends_at_multiples(self) -> None:
        windows = torch.zeros(2, 3, 64, 48)
        windows[0, 1, 20, 9] = windows[1, 2, 50, 30] = 1
        self.assertEqual(find_body(windows, 0.0, 1), (slice(12, 59), slice(1, 39)))
        self.assertEqual(find_body(windows, 0.0, 16), (slice(0, 64), slice(0, 48)))
        self.assertEqual(find_body(windows, 0.0, 8), (slice(8, 64), slice(0, 40)))

    def test_without_a_threshold_nothing_is_cropped(self) -> None:
        network = LocalNetwork()
        AdjacentSliceInferer(crop_to_body=True)(volume(), network)
        self.assertEqual(set(network.decoded), {(32, 48)})


class TestAir(unittest.TestCase):
    @parameterized.expand([(1,), (2,), (5,)])
    def test_windows_of_air_are_not_asked_about(self, batch: int) -> None:
        inputs, network = volume(), CountingNetwork()
        out = AdjacentSliceInferer(WINDOWS, slice_batch_size=batch, air_threshold=0.0)(inputs, network)
        expected = torch.full((1, 2, 32, 48, 5), ABSENT_LOGIT)
        expected[:, :, :, :16, :4] = 1  # slice 3 has tissue as a neighbour
        self.assertTrue(torch.equal(out, expected))
        # 4 slices of 2 windows, and at most one to learn the size of a result
        self.assertIn(network.seen, (8, 9))

    def test_without_a_threshold_all_are(self) -> None:
        network = CountingNetwork()
        out = AdjacentSliceInferer(WINDOWS)(volume(), network)
        self.assertEqual(network.seen, 30)
        self.assertTrue((out == 1).all())

    def test_volume_of_air_has_no_organ(self) -> None:
        out = AdjacentSliceInferer(WINDOWS, air_threshold=0.0)(torch.zeros(1, 1, 20, 20, 3), CountingNetwork())
        self.assertTrue((out == ABSENT_LOGIT).all())

    def test_window_with_a_value_that_is_no_number_is_no_air(self) -> None:
        inputs = volume()
        inputs[0, 0, 20, 40, 4] = torch.nan
        for network in (torch.nn.Conv2d(3, 1, 1), UNet3Plus(features=(2, 4, 8), classification_guided=True).eval()):
            inferer = AdjacentSliceInferer(WINDOWS, air_threshold=0.0, crop_to_body=True)
            with torch.no_grad(), self.assertRaisesRegex(InputError, "those of slices 3 to 3 are not"):
                inferer(inputs, network)

    @parameterized.expand([(1,), (5,)])
    def test_guided_network_is_the_same_where_there_is_a_body(self, batch: int) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(features=(2, 4, 8), out_channels=2, classification_guided=True).eval()
        network.presence_head.conv.bias.data = torch.tensor([0.0, 100.0, 0.0, 100.0])
        inputs = volume()
        options: dict[str, Any] = {"slice_batch_size": batch, "return_presence": True}
        with torch.no_grad():
            out, margins = AdjacentSliceInferer(WINDOWS, air_threshold=0.0, **options)(inputs, network)
            everything, _ = AdjacentSliceInferer(WINDOWS, **options)(inputs, network)
        torch.testing.assert_close(out[:, :, :, :16, :4], everything[:, :, :, :16, :4])
        self.assertTrue((out[:, :, :, 16:] == ABSENT_LOGIT).all() and (out[..., 4] == ABSENT_LOGIT).all())
        self.assertEqual((margins[0, 0] > 0).tolist(), [True] * 4 + [False])


class TestOutOfMemory(unittest.TestCase):
    def test_batches_are_halved_and_no_slice_is_lost(self) -> None:
        inputs, network = volume(), ShortOfMemory()
        with self.assertLogs("monai_unet3plus.inferers", "WARNING") as log:
            out = AdjacentSliceInferer(slice_batch_size=5)(inputs, network)
        self.assertIn("going on with 2", log.output[0])
        self.assertEqual(len(log.output), 1)
        self.assertEqual(network.seen, 5)
        self.assertTrue((out == 1).all())

    def test_one_slice_that_does_not_fit_is_an_error(self) -> None:
        inferer = AdjacentSliceInferer(SlidingWindowInferer((16, 16), sw_batch_size=8), slice_batch_size=2)
        with self.assertLogs("monai_unet3plus.inferers", "WARNING"), self.assertRaises(torch.cuda.OutOfMemoryError):
            inferer(volume(), ShortOfMemory())


if __name__ == "__main__":
    unittest.main()
