# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import unittest
from typing import Any
from unittest import mock

import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from parameterized import parameterized

from monai_unet3plus.inferers import AdjacentSliceInferer
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.blocks.upsampled_conv import _kept_tap_matrix
from monai_unet3plus.networks.compiled import CompiledFunction
from monai_unet3plus.networks.nets import AuthorsUNet, UNet3Plus
from tests.bundle.workflows import BUNDLE

GRAPHS = {"backend": "eager"}  # whole graphs, as for CUDA graphs, but no compiler is needed


def guided() -> UNet3Plus:
    torch.manual_seed(0)
    return UNet3Plus(features=(4, 6, 8), classification_guided=True).eval()


class CountingBackend:
    """A backend that runs graphs as they are, and keeps the sizes of the windows that it compiled for."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, graph: torch.fx.GraphModule, inputs: list[Any]) -> Any:
        self.batches.append(next(x.shape[0] for x in inputs if isinstance(x, torch.Tensor) and x.dim() == 4))
        return graph.forward


class TestCompiledNetwork(unittest.TestCase):
    def setUp(self) -> None:
        torch.compiler.reset()
        self.addCleanup(torch.compiler.reset)
        self.addCleanup(torch.set_grad_enabled, torch.is_grad_enabled())
        torch.set_grad_enabled(False)

    @parameterized.expand([("float32", None, 1e-5), ("bfloat16", torch.bfloat16, 0.05)])
    def test_bundle_network_is_two_whole_graphs(self, _: str, dtype: torch.dtype | None, tolerance: float) -> None:
        """A break of a graph is an error of ``fullgraph=True``, after which nothing would be compiled."""
        config = ConfigParser(ConfigParser.load_config_file(BUNDLE / "configs" / "inference.json"))
        config["features"] = [4, 8, 16, 32, 64]
        network = config.get_parsed_content("network_def").eval()
        graphs = {"backend": "aot_eager"}  # as PyTorch's own compiler sees them
        eager, compiled = (prepare_for_inference(network, dtype, compile, graphs) for compile in (False, True))
        image = torch.rand(2, 3, 64, 48)
        maps = eager.encode(image)
        found = compiled.encode(image), compiled.decode(maps)
        self.assertEqual(compiled.compile_failures, [])
        for expected, values in zip((*maps, eager.decode(maps)), (*found[0], found[1])):
            self.assertEqual(values.dtype, expected.dtype)
            torch.testing.assert_close(values, expected, rtol=tolerance, atol=tolerance * float(expected.abs().max()))

    def test_whole_ct_has_the_logits_of_the_eager_network(self) -> None:
        network, volume = guided(), torch.rand(1, 1, 48, 40, 8)
        windows = SlidingWindowInferer((32, 32), sw_batch_size=8, overlap=0.25, mode="gaussian")
        inferer = AdjacentSliceInferer(windows, slice_batch_size=3, return_presence=True)
        network.presence_head.conv.weight *= 1e3
        network.presence_head.conv.bias[1] -= inferer(volume, network)[1].quantile(0.5)  # half of the slices have it
        expected, margins = inferer(volume, prepare_for_inference(network))
        self.assertEqual({True, False}, set((margins > 0).flatten().tolist()))
        compiled = prepare_for_inference(network, compile=True, compile_kwargs=GRAPHS)
        found, found_margins = inferer(volume, compiled)
        self.assertEqual(compiled.compile_failures, [])
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found_margins, margins, rtol=1e-4, atol=1e-5)

    def test_graphs_use_nothing_that_is_kept_for_a_size(self) -> None:
        compiled = prepare_for_inference(guided(), compile=True, compile_kwargs=GRAPHS)
        _kept_tap_matrix.cache_clear()
        compiled.decode(compiled.encode(torch.rand(1, 3, 32, 32)))
        self.assertEqual(_kept_tap_matrix.cache_info().misses, 0)

    def test_other_networks_have_their_forward_compiled(self) -> None:
        backend = CountingBackend()
        network = AuthorsUNet(features=(2, 4, 8, 8, 8)).eval()
        compiled = prepare_for_inference(network, compile=True, compile_kwargs={"backend": backend})
        image = MetaTensor(torch.rand(3, 3, 32, 32))
        torch.testing.assert_close(compiled(image), network(image).as_tensor(), rtol=1e-4, atol=1e-5)
        self.assertEqual(backend.batches, [4])

    @pytest.mark.slow
    @unittest.skipUnless(shutil.which(os.environ.get("CXX", "g++")), "needs a compiler of C++")
    def test_pytorchs_own_compiler_gives_the_same_logits(self) -> None:
        try:
            import torch._inductor.compile_fx  # noqa: F401
        except UnicodeDecodeError:
            self.skipTest("PyTorch reads its templates in the locale's encoding, which is not UTF-8 here")
        eager, compiled = (prepare_for_inference(guided(), compile=compile) for compile in (False, True))
        image = torch.rand(3, 3, 32, 32)
        torch.testing.assert_close(compiled(image), eager(image), rtol=1e-4, atol=1e-6)
        self.assertEqual(compiled.compile_failures, [])


class TestCompiledFunction(unittest.TestCase):
    def setUp(self) -> None:
        torch.compiler.reset()
        self.addCleanup(torch.compiler.reset)

    def test_batches_of_a_size_share_a_graph(self) -> None:
        backend = CountingBackend()
        function = CompiledFunction(lambda x: x + 1, {"backend": backend})
        for batch, side in ((3, 4), (4, 4), (2, 4), (1, 4), (5, 4), (2, 4), (2, 6), (1, 6)):
            x = torch.rand(batch, 3, side, side)
            torch.testing.assert_close(function(x), x + 1, rtol=0, atol=0)
        self.assertEqual(backend.batches, [4, 8, 2])

    def test_results_outlive_the_next_call(self) -> None:
        """CUDA graphs write each result into the same memory, as this function does."""
        memory = torch.zeros(1, 2)

        def overwriting(x: torch.Tensor) -> list[torch.Tensor]:
            return [memory.copy_(x)]

        with mock.patch("torch.compile", lambda function, **_: function):
            function = CompiledFunction(overwriting)
            (first,), (second,) = function(torch.ones(1, 2)), function(torch.full((1, 2), 2.0))
        self.assertEqual((first.tolist(), second.tolist()), ([[1.0, 1.0]], [[2.0, 2.0]]))

    def test_without_a_compiler_the_function_runs_as_it_is(self) -> None:
        def missing(*_: Any) -> None:
            raise RuntimeError("No working C++ compiler found")

        network = prepare_for_inference(guided(), compile=True, compile_kwargs={"backend": missing})
        image = torch.rand(2, 3, 32, 32)
        with torch.no_grad(), self.assertLogs("monai_unet3plus.networks.compiled", "WARNING") as log:
            found = network.encode(image)
            torch.testing.assert_close(found, prepare_for_inference(guided()).encode(image))
            network.decode(network.encode(image))  # warns no more
        self.assertEqual(len(log.output), 1)
        (failure,) = network.compile_failures
        self.assertRegex(failure, "^the network is not compiled, which is slower: .*No working C.. compiler found")
        self.assertNotIn("\n", failure)

    def test_error_of_the_function_is_its_own(self) -> None:
        function = CompiledFunction(torch.linalg.inv, {"backend": "eager"})
        with self.assertRaisesRegex(torch.linalg.LinAlgError, "singular"):
            function(torch.zeros(1, 2, 2))
        self.assertEqual(function.failures, [])

    def test_memory_that_runs_out_is_told_the_inferer(self) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise torch.cuda.OutOfMemoryError

        function = CompiledFunction(lambda x: x)
        with mock.patch("torch.compile", lambda *_, **__: full), self.assertRaises(torch.cuda.OutOfMemoryError):
            function(torch.zeros(1, 2))
        self.assertEqual(function.failures, [])


if __name__ == "__main__":
    unittest.main()
