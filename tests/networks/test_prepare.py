# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from unittest import mock

import torch
from monai.networks.nets import BasicUNet
from parameterized import parameterized

from monai_unet3plus.networks import has_native_bfloat16, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus

CASES = [
    ("2d", {"classification_guided": True}, (2, 3, 33, 40)),
    ("3d", {"spatial_dims": 3, "in_channels": 1}, (1, 1, 16, 17, 20)),
    ("instance_norm", {"norm": "instance"}, (1, 3, 32, 32)),
    ("without_bias", {"bias": False}, (1, 3, 32, 32)),
    ("resnet18", {"backbone": "resnet18"}, (1, 3, 33, 40)),
    ("resnet50", {"backbone": "resnet50", "features": (4, 6, 8, 12, 16)}, (1, 3, 32, 32)),
    ("efficientnet", {"backbone": "efficientnet-b0"}, (1, 3, 32, 32)),
]


def trained(**options: object) -> UNet3Plus:
    """A network whose batch norm is not trivial."""
    torch.manual_seed(0)
    network = UNet3Plus(**{"features": (4, 6, 8, 10, 12), **options})
    names = set(network.state_dict())
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            is_norm = name.rpartition(".")[0] + ".running_var" in names
            if name.endswith("running_var") or is_norm and name.endswith("weight"):
                tensor.uniform_(0.5, 2.0)
            elif is_norm and name.endswith(("running_mean", "bias")):
                tensor.normal_(0, 0.2)
    return network.eval()


class TestPrepareForInference(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_equals_the_network(self, _: str, options: dict, shape: tuple[int, ...]) -> None:
        network, x = trained(**options), torch.rand(shape)
        with torch.no_grad():
            expected, out = network(x), prepare_for_inference(network)(x)
        torch.testing.assert_close(out, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))

    @parameterized.expand([({},), (CASES[4][1],), (CASES[5][1],)])
    def test_no_batch_norm_is_left_and_channels_are_stored_last(self, options: dict) -> None:
        prepared = prepare_for_inference(trained(**options))
        self.assertEqual([m for m in prepared.modules() if "BatchNorm" in type(m).__name__], [])
        weight = prepared.nodes[-1].fusion.conv.weight
        self.assertTrue(weight.is_contiguous(memory_format=torch.channels_last))
        self.assertFalse(any(parameter.requires_grad for parameter in prepared.parameters()))

    def test_original_is_left_as_it_is(self) -> None:
        network = trained().train()
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        prepare_for_inference(network)
        self.assertTrue(network.training)
        for name, tensor in network.state_dict().items():
            self.assertTrue(torch.equal(tensor, before[name]), name)

    def test_networks_of_monai_fold_too(self) -> None:
        torch.manual_seed(0)
        network = BasicUNet(2, 1, 1, features=(4, 4, 8, 8, 8, 4), norm="batch").eval()
        x = torch.rand(1, 1, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(prepare_for_inference(network)(x), network(x), rtol=1e-4, atol=1e-5)

    def test_prepared_network_scripts(self) -> None:
        prepared = prepare_for_inference(trained(classification_guided=True))
        x = torch.rand(2, 3, 32, 32)
        torch.testing.assert_close(torch.jit.script(prepared)(x), prepared(x), rtol=1e-4, atol=1e-5)


class TestBfloat16(unittest.TestCase):
    @parameterized.expand(CASES)
    def test_is_close_and_takes_and_gives_float32(self, _: str, options: dict, shape: tuple[int, ...]) -> None:
        network, x = trained(**options), torch.rand(shape)
        prepared = prepare_for_inference(network, torch.bfloat16)
        self.assertEqual({parameter.dtype for parameter in prepared.parameters()}, {torch.bfloat16})
        with torch.no_grad():
            expected, out = network(x), prepared(x)
        self.assertEqual(out.dtype, torch.float32)
        self.assertLess(float((out - expected).abs().mean()), 0.05 * float(expected.std()))

    def test_slices_without_an_organ_give_float32_too(self) -> None:
        prepared = prepare_for_inference(trained(classification_guided=True), torch.bfloat16)
        prepared.presence_head.conv.bias.copy_(torch.tensor([1e4, -1e4]))
        out = prepared(torch.rand(1, 3, 32, 32))
        self.assertEqual((out.dtype, set(out.flatten().tolist())), (torch.float32, {-30.0}))

    def test_scripts(self) -> None:
        prepared = prepare_for_inference(trained(classification_guided=True), torch.bfloat16)
        x = torch.rand(2, 3, 32, 32)
        expected = prepared(x)
        torch.testing.assert_close(torch.jit.script(prepared)(x), expected, rtol=0, atol=0.1 * float(expected.std()))

    def test_which_devices_have_it(self) -> None:
        for capabilities, used, expected in (
            ({"avx512_bf16": True}, True, True),
            ({"amx_bf16": True}, True, True),
            ({"amx_bf16": True}, False, False),  # with ONEDNN_MAX_CPU_ISA=AVX2
            ({"avx2": True}, False, False),
            ({"avx512_f": True}, True, False),  # bfloat16 is emulated
        ):
            with (
                mock.patch("torch.cpu.get_capabilities", return_value=capabilities, create=True),
                mock.patch("torch.backends.mkldnn.is_available", return_value=True),
                mock.patch("torch.ops.mkldnn._is_mkldnn_bf16_supported", return_value=used, create=True),
            ):
                self.assertEqual(has_native_bfloat16("cpu"), expected)
                self.assertFalse(has_native_bfloat16(torch.device("cuda")))


if __name__ == "__main__":
    unittest.main()
