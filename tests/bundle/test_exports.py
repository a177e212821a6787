# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/exports.md, with a narrow network, against eager mode."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ckpt_export, onnx_export
from monai.data import load_net_with_metadata

from monai_unet3plus.networks.nets import UNet3Plus
from tests.bundle.workflows import BUNDLE, NARROW, ROOT, write_checkpoint

PAGE = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")


def options_of(command: str) -> dict[str, Any]:
    """Options of a documented command, their values as MONAI's command line would read them."""
    (line,) = re.findall(rf"^python -m monai.bundle {command} network_def (.*)$", PAGE, re.M)
    words = shlex.split(line)
    options: dict[str, Any] = {}
    for name, value in zip(words[::2], words[1::2]):
        try:
            options[name.removeprefix("--")] = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            options[name.removeprefix("--")] = value
    return options


class TestExports(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)
        self.weights = write_checkpoint(self.work, organs=1)
        self.network = UNet3Plus(features=NARROW["features"], deep_supervision=True, classification_guided=True).eval()
        self.network.load_state_dict(torch.load(self.weights, weights_only=True))

    def export(self, function: Any, command: str) -> Path:
        options = options_of(command)
        path = self.work / Path(options["filepath"]).name
        own: dict[str, Any] = {"filepath": str(path), "ckpt_file": str(self.weights), "features": NARROW["features"]}
        own["organs"] = {"liver": 1}
        files = {name: str(BUNDLE / options[name]) for name in ("meta_file", "config_file")}
        function("network_def", **{**options, **files, **own})
        return path

    def compare(self, exported: Any) -> None:
        for shape in ((2, 3, 64, 64), (1, 3, 97, 70), (3, 3, 32, 48)):
            x = torch.rand(shape)
            with torch.no_grad():
                expected = self.network(x)
                self.assertGreater(float(expected.std()), 1e-3)
                torch.testing.assert_close(torch.as_tensor(exported(x)), expected, rtol=1e-4, atol=1e-4)

    def test_torchscript_carries_metadata_and_the_inference_config(self) -> None:
        path = self.export(ckpt_export, "ckpt_export")
        network, metadata, files = load_net_with_metadata(str(path), more_extra_files=("inference.json",))
        self.compare(network)
        original = json.loads((BUNDLE / "configs" / "metadata.json").read_text())
        self.assertEqual(metadata["network_data_format"], original["network_data_format"])
        config = json.loads(files["inference.json"])
        self.assertLessEqual({"preprocessing", "inferer", "postprocessing", "network_def"}, set(config))

    @unittest.skipUnless(
        all(find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript")), "onnx is not installed (extra: export)"
    )
    def test_onnx_takes_any_batch_and_size(self) -> None:
        import onnxruntime

        path = self.export(onnx_export, "onnx_export")
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.assertEqual([value.name for value in (*session.get_inputs(), *session.get_outputs())], ["image", "pred"])
        self.compare(lambda x: session.run(None, {"image": x.numpy()})[0])

    def test_torch_export_of_the_page_runs(self) -> None:
        (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
        block = block.replace("(16, 32, 64, 128, 256)", str(tuple(NARROW["features"])))
        names: dict[str, Any] = {}
        exec(compile(block.replace('"model.pt2"', repr(str(self.work / "model.pt2"))), "exports.md", "exec"), names)
        program = torch.export.load(self.work / "model.pt2").module()
        x = torch.rand(1, 3, 97, 64)
        with torch.no_grad():
            torch.testing.assert_close(program(x), names["network"](x), rtol=1e-4, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
