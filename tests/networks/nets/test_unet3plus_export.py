# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import torch
from monai.networks.utils import convert_to_torchscript
from parameterized import parameterized

from monai_unet3plus.networks.blocks import is_present
from monai_unet3plus.networks.nets import UNet3Plus
from tests.networks.nets.test_unet3plus import gate_first_item, guided

HAS_ONNX = all(find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript"))


class TestExport(unittest.TestCase):
    """
    Each export against eager mode, on a batch of which one item has no organ and one has.

    With few levels, since the size of a graph decides how long an export takes; tests/bundle exports five.
    """

    def setUp(self) -> None:
        self.network = guided(features=(4, 8, 16), deep_supervision=True)
        images = torch.stack([torch.rand(3, 64, 48), torch.rand(3, 64, 48) * 3])
        self.x = gate_first_item(self.network, images)
        with torch.no_grad():
            self.assertEqual(is_present(self.network.presence_logits(self.x)).any(dim=1).tolist(), [False, True])
            self.assertGreater(float(self.network(self.x)[1].std()), 0.1)
        self.other = torch.rand(3, 3, 97, 64)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def compare(self, exported: object, *images: torch.Tensor) -> None:
        for x in images:
            with torch.no_grad():
                torch.testing.assert_close(exported(x), self.network(x), rtol=1e-4, atol=1e-4)

    def test_torchscript_saved_and_loaded(self) -> None:
        path = self.folder / "model.ts"
        convert_to_torchscript(self.network, filename_or_obj=path, verify=True, inputs=[self.x], atol=1e-5)
        scripted = torch.jit.load(path)
        self.compare(scripted, self.x, self.other)
        torch.testing.assert_close(scripted.presence_logits(self.x), self.network.presence_logits(self.x))

    def test_torchscript_by_tracing(self) -> None:
        path = self.folder / "model.ts"
        convert_to_torchscript(self.network, filename_or_obj=path, use_trace=True, inputs=[self.x])
        self.compare(torch.jit.load(path), self.x, self.other)

    def test_torchscript_of_a_network_without_classifier_in_3d(self) -> None:
        network = UNet3Plus(3, 1, features=(2, 4, 8), deep_supervision=True).eval()
        x = torch.rand(1, 1, 9, 11, 13)
        torch.testing.assert_close(torch.jit.script(network)(x), network(x))

    def test_torch_export_with_dynamic_batch_and_size(self) -> None:
        # from 8 on: torch.export takes a size of 1, as the deepest level of 4 has, for a constant
        sizes = {2: torch.export.Dim("h", min=8, max=1024), 3: torch.export.Dim("w", min=8, max=1024)}
        shapes = ({0: torch.export.Dim("b", min=1, max=64), **sizes},)
        program = torch.export.export(self.network, (self.x,), dynamic_shapes=shapes)
        self.compare(program.module(), self.x, self.other, self.x[:1])

    @parameterized.expand([("legacy", False), ("dynamo", True)])
    @unittest.skipUnless(HAS_ONNX, "onnx, onnxruntime and onnxscript are not installed (extra: export)")
    def test_onnx(self, _: str, dynamo: bool) -> None:
        import onnxruntime

        path = str(self.folder / "model.onnx")
        axes = {"image": {0: "b"}, "pred": {0: "b"}}
        if not dynamo:
            axes = {name: {0: "b", 2: "h", 3: "w"} for name in axes}
        torch.onnx.export(
            self.network,
            (self.x,),
            path,
            input_names=["image"],
            output_names=["pred"],
            dynamic_axes=axes,
            dynamo=dynamo,
        )
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

        def run(x: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(session.run(None, {"image": x.numpy()})[0])

        self.compare(run, self.x, self.x[1:], *([] if dynamo else [self.other]))


class TestExportOfBackbones(unittest.TestCase):
    def setUp(self) -> None:
        self.x, self.other = torch.rand(2, 3, 64, 48), torch.rand(2, 3, 97, 64)

    @staticmethod
    def network(backbone: str) -> UNet3Plus:
        torch.manual_seed(0)
        return UNet3Plus(features=(2, 4, 4), backbone=backbone, deep_supervision=True).eval()

    def compare(self, exported: object, network: UNet3Plus) -> None:
        for x in (self.x, self.other):
            with torch.no_grad():
                expected = network(x)
                torch.testing.assert_close(exported(x), expected, rtol=1e-4, atol=1e-5)

    @parameterized.expand([("resnet18",), ("efficientnet-b0",)])
    def test_torchscript(self, backbone: str) -> None:
        network = self.network(backbone)
        self.compare(torch.jit.script(network), network)

    def test_torch_export(self) -> None:
        network = self.network("resnet18")
        sizes = {2: torch.export.Dim("h", min=64, max=1024), 3: torch.export.Dim("w", min=48, max=1024)}
        shapes = ({0: torch.export.Dim("b", min=1, max=64), **sizes},)
        self.compare(torch.export.export(network, (self.x,), dynamic_shapes=shapes).module(), network)

    @unittest.skipUnless(HAS_ONNX, "onnx, onnxruntime and onnxscript are not installed (extra: export)")
    def test_onnx(self) -> None:
        import onnxruntime

        network, stream = self.network("resnet18"), io.BytesIO()
        axes = {"image": {2: "h", 3: "w"}, "pred": {2: "h", 3: "w"}}
        names = {"input_names": ["image"], "output_names": ["pred"]}
        torch.onnx.export(network, (self.x,), stream, **names, dynamic_axes=axes, dynamo=False)
        session = onnxruntime.InferenceSession(stream.getvalue(), providers=["CPUExecutionProvider"])
        self.compare(lambda x: torch.from_numpy(session.run(None, {"image": x.numpy()})[0]), network)


if __name__ == "__main__":
    unittest.main()
