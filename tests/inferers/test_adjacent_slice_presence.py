# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The classification-guided module under :py:class:`AdjacentSliceInferer`: one verdict per slice and organ."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from unittest import mock

import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer, AutocastInferer
from monai_unet3plus.networks.blocks import ABSENT_LOGIT
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.transforms import logits_to_label_map

HEIGHT, WIDTH, DEPTH = 8, 12, 6
WINDOW = (8, 8)
STARTS = (0, 4)  # of the two windows of a slice, at an overlap of one half
LEAST = 20.5  # pixels that the fake classifier wants to see before it calls an organ present


class FakeGuidedNetwork:
    """Organ k is where the middle slice has value k + 1; the classifier counts such pixels in its input."""

    classification_guided = True

    def __init__(self, num_organs: int = 2) -> None:
        self.values = torch.arange(1, num_organs + 1, dtype=torch.float32)[None, :, None, None]
        self.out_channels = num_organs
        self.encoded: list[int] = []
        self.decoded: list[int] = []

    def _masks(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 1:2] == self.values.to(x)

    def presence_head(self, x: torch.Tensor) -> torch.Tensor:
        margin = self._masks(x).flatten(2).sum(dim=2) - LEAST
        return torch.stack([torch.full_like(margin, 100.0), 100.0 + margin], dim=-1)

    def encode(self, x: torch.Tensor) -> list[torch.Tensor]:
        self.encoded.append(len(x))
        return [x]

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        self.decoded.append(len(maps[0]))
        return torch.where(self._masks(maps[0]), 3.0, -3.0)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """The network's own gate, one verdict for whatever it is shown."""
        presence = self.presence_head(x)
        present = (presence[..., 1] > presence[..., 0])[..., None, None]
        return torch.where(present, self.decode(self.encode(x)), torch.tensor(ABSENT_LOGIT))


class RandomDecoder(FakeGuidedNetwork):
    """Logits that depend on a pixel's neighbourhood, so that the blending of windows matters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = torch.nn.Conv2d(3, 2, 3, padding=1).requires_grad_(False)

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        self.decoded.append(len(maps[0]))
        return self.conv(maps[0])


def volume_of() -> torch.Tensor:
    """Liver (1) across the border of the first window, spleen (2) in one slice, slices without organ at both ends."""
    volume = torch.zeros(1, 1, HEIGHT, WIDTH, DEPTH)
    volume[..., 6:10, 1] = 1  # 16 pixels in the first window, 32 in the second
    volume[..., 6:10, 3] = 1
    volume[..., 0:6, 3] = 2  # 48 and 16
    volume[..., 2, 4] = 2  # 8 and 0, too few for any verdict
    return volume


def random_volumes(batch: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    volumes = torch.randint(0, 4, (batch, 1, HEIGHT, WIDTH, DEPTH), generator=generator).float()
    volumes[..., 2] = 0
    volumes[-1, ..., 4:] = 3
    return volumes


def windows_of(mode: str = "constant", window: tuple[int, int] = WINDOW) -> SlidingWindowInferer:
    return SlidingWindowInferer(window, sw_batch_size=3, overlap=0.5, mode=mode)


def largest_margins(volumes: torch.Tensor) -> torch.Tensor:
    """The verdicts in words: per volume, organ and slice the largest count of a window, less the least wanted."""
    margins = torch.empty(len(volumes), 2, DEPTH)
    for item, volume in enumerate(volumes):
        for organ in (0, 1):
            for z in range(DEPTH):
                counts = [(volume[0, :, s : s + 8, z] == organ + 1).sum().item() for s in STARTS]
                margins[item, organ, z] = max(counts) - LEAST
    return margins


class TestVerdictPerSlice(unittest.TestCase):
    @parameterized.expand([(mode, batch) for mode in ("constant", "gaussian") for batch in (1, 4, 10)])
    def test_organ_across_a_window_border_loses_no_voxel(self, mode: str, batch: int) -> None:
        volume, network = volume_of(), FakeGuidedNetwork()
        inferer = AdjacentSliceInferer(windows_of(mode), slice_batch_size=batch, postprocess=logits_to_label_map)
        out = inferer(volume, network)
        expected = volume.clone()
        expected[..., 4] = 0  # judged absent by every window
        self.assertTrue(torch.equal(out, expected.to(torch.uint8)))

        # the same windows, each with a verdict of its own, as any inferer without this care has it
        ungated = AdjacentSliceInferer(windows_of(mode), slice_batch_size=batch, postprocess=logits_to_label_map)
        per_window = ungated(volume, lambda x: network(x))
        liver = volume == 1
        self.assertLess(int((per_window[liver] == 1).sum()), int(liver.sum()), "the case would show nothing")

    @parameterized.expand([(volumes, batch) for volumes in (1, 2) for batch in (1, 4, 10)])
    def test_margins_are_the_maximum_over_windows(self, volumes: int, batch: int) -> None:
        inputs = random_volumes(volumes)
        inferer = AdjacentSliceInferer(windows_of(), slice_batch_size=batch, return_presence=True)
        _, margins = inferer(inputs, FakeGuidedNetwork())
        self.assertEqual(tuple(margins.shape), (volumes, 2, DEPTH))
        torch.testing.assert_close(margins, largest_margins(inputs))
        self.assertTrue((margins > 0).any() and (margins < 0).any(), "the case would show nothing")

    def test_verdicts_are_one_per_organ_and_slice(self) -> None:
        _, margins = AdjacentSliceInferer(windows_of(), return_presence=True)(volume_of(), FakeGuidedNetwork())
        self.assertEqual((margins[0, 0] > 0).tolist(), [False, True, False, True, False, False])
        self.assertEqual((margins[0, 1] > 0).tolist(), [False, False, False, True, False, False])

    @parameterized.expand([(mode, batch) for mode in ("constant", "gaussian") for batch in (1, 4, 10)])
    def test_equals_decoding_everything_and_gating_after(self, mode: str, batch: int) -> None:
        volumes, network = random_volumes(2), RandomDecoder()
        out = AdjacentSliceInferer(windows_of(mode), slice_batch_size=batch)(volumes, network)
        everything = AdjacentSliceInferer(windows_of(mode))(volumes, lambda x: network.decode([x]))
        present = (largest_margins(volumes) > 0)[:, :, None, None, :]
        torch.testing.assert_close(out, torch.where(present, everything, torch.tensor(-30.0)))

    @parameterized.expand([(1,), (4,), (10,)])
    def test_slices_without_organ_are_not_decoded(self, batch: int) -> None:
        network = FakeGuidedNetwork()
        AdjacentSliceInferer(windows_of(), slice_batch_size=batch)(volume_of(), network)
        self.assertEqual(sum(network.decoded), 2 * len(STARTS))

    @parameterized.expand([(1, None), (4, None), (10, None), (1, 0.0), (10, 0.0)])
    def test_windows_are_encoded_once(self, batch: int, air_threshold: float | None) -> None:
        volume, network = volume_of(), FakeGuidedNetwork()
        AdjacentSliceInferer(windows_of(), slice_batch_size=batch, air_threshold=air_threshold)(volume, network)
        slabs = [volume[0, 0, :, :, max(z - 1, 0) : z + 2] for z in range(DEPTH)]
        bodies = [air_threshold is None or slab[:, s : s + 8].any() for slab in slabs for s in STARTS]
        self.assertEqual(sum(network.encoded), sum(map(int, bodies)))

    def test_inferer_that_makes_other_windows_the_second_time_is_refused(self) -> None:
        sizes = iter([1, 2])
        inner = mock.Mock(side_effect=lambda x, ask: ask(x.expand(next(sizes), -1, -1, -1)))
        with self.assertRaisesRegex(RuntimeError, "made 1 windows at first, and 2"):
            AdjacentSliceInferer(inner)(volume_of()[..., 1:2], FakeGuidedNetwork())

    @parameterized.expand([(2,), (3,)])
    def test_windows_of_unknown_slices_are_refused(self, windows: int) -> None:
        def halves(x: torch.Tensor, ask: Callable) -> torch.Tensor:
            return torch.cat([ask(torch.cat([x[..., :6], x[..., 6:]])[:windows]) for _ in range(2)])

        with self.assertRaisesRegex(RuntimeError, f"Expected a SlidingWindowInferer, or .* a call with {windows} win"):
            AdjacentSliceInferer(halves, slice_batch_size=2)(volume_of(), FakeGuidedNetwork())

    def test_windows_under_autocast_tell_their_slices(self) -> None:
        inner = AutocastInferer(windows_of(), enabled=False)
        _, margins = AdjacentSliceInferer(inner, slice_batch_size=4, return_presence=True)(
            random_volumes(2), FakeGuidedNetwork()
        )
        torch.testing.assert_close(margins, largest_margins(random_volumes(2)))

    def test_nothing_is_decoded_in_a_volume_without_organ(self) -> None:
        network = FakeGuidedNetwork()
        out = AdjacentSliceInferer(slice_batch_size=4)(torch.zeros(1, 1, HEIGHT, WIDTH, DEPTH), network)
        self.assertEqual(network.decoded, [])
        self.assertTrue(torch.equal(out, torch.full((1, 2, HEIGHT, WIDTH, DEPTH), -30.0)))

    @parameterized.expand([("constant",), ("reflect",), ("replicate",)])
    def test_slices_smaller_than_the_window_keep_their_verdicts(self, padding: str) -> None:
        volumes, network = random_volumes(2), FakeGuidedNetwork()
        inner = SlidingWindowInferer((15, 16), sw_batch_size=2, padding_mode=padding)
        out, margins = AdjacentSliceInferer(inner, slice_batch_size=4, return_presence=True)(volumes, network)
        if padding == "constant":  # others repeat pixels that the classifier counts
            counts = torch.stack([(volumes[:, 0] == organ).sum(dim=(1, 2)) for organ in (1, 2)], dim=1)
            torch.testing.assert_close(margins, counts - LEAST)
        expected = torch.where(volumes == torch.tensor([1.0, 2.0])[None, :, None, None, None], 3.0, -3.0)
        present = (margins > 0)[:, :, None, None, :]
        self.assertTrue(torch.equal(out, torch.where(present, expected, torch.tensor(-30.0))))

    @parameterized.expand([(0,), (1,)])
    def test_slices_along_another_axis_give_the_same(self, dim: int) -> None:
        volumes = random_volumes(2)
        expected = AdjacentSliceInferer(windows_of(), return_presence=True)(volumes, RandomDecoder())
        inferer = AdjacentSliceInferer(windows_of(), spatial_dim=dim, slice_batch_size=4, return_presence=True)
        out, margins = inferer(volumes.movedim(4, dim + 2).contiguous(), RandomDecoder())
        torch.testing.assert_close(out.movedim(dim + 2, 4), expected[0])
        self.assertTrue(torch.equal(margins, expected[1]))

    def test_padding_by_a_large_constant_does_not_mix_up_slices(self) -> None:
        volume = volume_of()
        padded = SlidingWindowInferer((16, 16), sw_batch_size=2, cval=5.0)
        inferer = AdjacentSliceInferer(padded, slice_batch_size=4, return_presence=True)
        counts = torch.stack([(volume[0, 0] == organ).flatten(0, 1).sum(dim=0) for organ in (1, 2)])
        torch.testing.assert_close(inferer(volume, FakeGuidedNetwork())[1][0], counts - LEAST)

    def test_network_in_training_mode_is_refused(self) -> None:
        network = UNet3Plus(features=(4, 8), classification_guided=True).train()
        with self.assertRaisesRegex(ValueError, "evaluation mode"):
            AdjacentSliceInferer()(volume_of(), network)

    def test_meta_data_are_kept_besides_the_margins(self) -> None:
        volumes = MetaTensor(volume_of(), affine=torch.diag(torch.tensor([2.0, 2.0, 5.0, 1.0])))
        out, margins = AdjacentSliceInferer(windows_of(), return_presence=True)(volumes, FakeGuidedNetwork())
        self.assertIsInstance(out, MetaTensor)
        self.assertTrue(torch.equal(out.affine, volumes.affine))
        self.assertIs(type(margins), torch.Tensor)


class TestUNet3Plus(unittest.TestCase):
    def setUp(self) -> None:
        torch.manual_seed(0)
        self.network = UNet3Plus(out_channels=2, features=(4, 8, 16, 32, 64), classification_guided=True).eval()
        self.network.requires_grad_(False)
        self.volumes = torch.rand(2, 1, 32, 48, 4) * torch.linspace(0.2, 3, 8).view(2, 1, 1, 1, 4)

    def expect_half_of_the_slices(self, inner: Callable | None = None) -> None:
        """Move the classifier's bias between the slices' margins, so that each organ is in four of eight."""
        _, margins = AdjacentSliceInferer(inner, return_presence=True)(self.volumes, self.network)
        for organ in range(2):
            smaller, larger = margins[:, organ].flatten().sort().values[3:5].tolist()
            self.network.presence_head.conv.bias[2 * organ] += (smaller + larger) / 2

    @parameterized.expand([(1,), (3,), (10,)])
    def test_whole_slices_equal_the_networks_own_gate(self, batch: int) -> None:
        self.expect_half_of_the_slices()
        inferer = AdjacentSliceInferer(slice_batch_size=batch, return_presence=True)
        out, margins = inferer(self.volumes, self.network)
        for item, volume in enumerate(self.volumes[:, 0]):
            for z in range(4):
                slab = volume[None, ..., [max(z - 1, 0), z, min(z + 1, 3)]].permute(0, 3, 1, 2)
                torch.testing.assert_close(out[item, ..., z], self.network(slab)[0], atol=1e-4, rtol=1e-4)
                logits = self.network.presence_logits(slab)[0]
                torch.testing.assert_close(margins[item, :, z], logits[:, 1] - logits[:, 0], atol=1e-4, rtol=1e-4)
        self.assertEqual((margins > 0).sum(dim=(0, 2)).tolist(), [4, 4])

    @parameterized.expand([("whole_slices", None), ("windows", SlidingWindowInferer((24, 24), 4, 0.5, "gaussian"))])
    def test_scripted_network_gives_the_same(self, _: str, inner: Callable | None) -> None:
        self.expect_half_of_the_slices(inner)
        inferer = AdjacentSliceInferer(inner, slice_batch_size=3, return_presence=True)
        out, margins = inferer(self.volumes, self.network)
        scripted_out, scripted_margins = inferer(self.volumes, torch.jit.script(self.network))
        torch.testing.assert_close(scripted_out, out, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(scripted_margins, margins, atol=1e-4, rtol=1e-4)
        absent = (out == ABSENT_LOGIT).flatten(2, 3).all(dim=2)
        self.assertEqual(absent.sum(dim=(0, 2)).tolist(), [4, 4])


if __name__ == "__main__":
    unittest.main()
