# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pickle
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import torch
from parameterized import parameterized

from monai_unet3plus.networks import load_imagenet_weights
from monai_unet3plus.networks.encoders import ResNetStages
from monai_unet3plus.networks.nets import UNet3Plus

NORM = ("weight", "bias", "running_mean", "running_var")
DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}
OWN_WIDTHS = {"resnet18": (64, 128, 256), "resnet50": (256, 512, 1024)}


def torchvision_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a file of torchvision's first versions, which have no num_batches_tracked."""
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(conv: str, norm: str, inputs: int, outputs: int, kernel: int) -> None:
        shapes[f"{conv}.weight"] = (outputs, inputs, kernel, kernel)
        shapes.update({f"{norm}.{entry}": (outputs,) for entry in NORM})

    convolution("conv1", "bn1", 3, 64, 7)
    inputs = 64
    for layer, depth in enumerate(DEPTHS[name], start=1):
        width = 32 * 2**layer
        kernels = (3, 3) if name == "resnet18" else (1, 3, 1)
        outputs = width if name == "resnet18" else 4 * width
        for block in range(depth):
            prefix, before = f"layer{layer}.{block}", inputs
            for number, kernel in enumerate(kernels, start=1):
                after = outputs if number == len(kernels) else width
                convolution(f"{prefix}.conv{number}", f"{prefix}.bn{number}", before, after, kernel)
                before = after
            if block == 0 and (layer > 1 or inputs != outputs):
                convolution(f"{prefix}.downsample.0", f"{prefix}.downsample.1", inputs, outputs, 1)
            inputs = outputs
    return {**shapes, "fc.weight": (1000, inputs), "fc.bias": (1000,)}


def random_state(name: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {key: torch.rand(shape) * 0.1 + 0.05 for key, shape in torchvision_shapes(name).items()}


class TestLoadImagenetWeights(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "resnet.pth"

    def saved(self, name: str) -> dict[str, torch.Tensor]:
        state = random_state(name)
        torch.save(state, self.path)
        return state

    @parameterized.expand(DEPTHS)
    def test_every_tensor_of_the_layers_is_in_place(self, name: str) -> None:
        state = self.saved(name)
        network = UNet3Plus(features=(8, 8, *OWN_WIDTHS[name]), backbone=name)
        self.assertIs(load_imagenet_weights(network, self.path), network)
        resnet = network.encoder.resnet
        torch.testing.assert_close(resnet.stem[0].weight, state["conv1.weight"])
        torch.testing.assert_close(resnet.stem[1].running_var, state["bn1.running_var"])
        torch.testing.assert_close(resnet.layers[2][1].bn2.running_mean, state["layer3.1.bn2.running_mean"])
        torch.testing.assert_close(resnet.layers[1][0].downsample[0].weight, state["layer2.0.downsample.0.weight"])
        wanted = [value for key, value in state.items() if not key.startswith(("layer4", "fc"))]
        ours = [value for key, value in resnet.state_dict().items() if not key.endswith("num_batches_tracked")]
        self.assertEqual(len(ours), len(wanted))
        self.assertAlmostEqual(sum(float(x.sum()) for x in ours) / sum(float(x.sum()) for x in wanted), 1, places=5)

    @parameterized.expand([(1,), (5,)])
    def test_grey_gives_the_same_whatever_the_number_of_channels(self, channels: int) -> None:
        state = self.saved("resnet18")
        network = UNet3Plus(in_channels=channels, features=(8, 8, 64, 128, 256), backbone="resnet18")
        stem = load_imagenet_weights(network, self.path).encoder.resnet.stem[0]
        grey = torch.rand(1, 1, 16, 16)
        expected = torch.nn.functional.conv2d(grey.expand(-1, 3, -1, -1), state["conv1.weight"], stride=2, padding=3)
        torch.testing.assert_close(stem(grey.expand(-1, channels, -1, -1)), expected, rtol=1e-4, atol=1e-4)

    @parameterized.expand(
        [
            ("missing", lambda s: s.pop("layer3.1.bn2.bias"), "it lacks layer3.1.bn2.bias"),
            (
                "shape",
                lambda s: s.update({"bn1.bias": torch.zeros(8)}),
                r"bn1.bias has shape \(8,\) instead of \(64,\)",
            ),
            ("other_names", lambda s: [s.pop(key) for key in list(s)], "lacks conv1.weight, bn1.weight.* and 65 more"),
        ]
    )
    def test_what_does_not_fit_is_named_and_nothing_is_loaded(self, _: str, spoil: object, message: str) -> None:
        state = random_state("resnet18")
        spoil(state)
        torch.save(state, self.path)
        network = UNet3Plus(features=(8, 8, 64, 128, 256), backbone="resnet18")
        before = {key: value.clone() for key, value in network.state_dict().items()}
        with self.assertRaisesRegex(ValueError, message):
            load_imagenet_weights(network, self.path)
        for key, value in network.state_dict().items():
            self.assertTrue(torch.equal(value, before[key]), key)

    def test_files_that_are_no_weights_are_refused(self) -> None:
        network = UNet3Plus(features=(4, 4, 8), backbone="resnet18")
        with self.assertRaisesRegex(ValueError, "does not exist"):
            load_imagenet_weights(network, self.path)
        self.path.write_bytes(pickle.dumps(print))
        with self.assertRaisesRegex(ValueError, "damaged or holds more than weights"):
            load_imagenet_weights(network, self.path)
        torch.save([torch.zeros(1)], self.path)
        with self.assertRaisesRegex(ValueError, "holds a list"):
            load_imagenet_weights(network, self.path)

    def test_network_without_resnet_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "to have a ResNet"):
            load_imagenet_weights(UNet3Plus(features=(4, 4)), self.path)


@unittest.skipUnless(find_spec("torchvision"), "torchvision is not installed")
class TestBesideTorchvision(unittest.TestCase):
    def test_names_and_shapes_of_the_restatement_are_torchvisions(self) -> None:
        import torchvision

        for name in DEPTHS:
            state = getattr(torchvision.models, name)().state_dict()
            found = {key: tuple(value.shape) for key, value in state.items() if not key.endswith("tracked")}
            self.assertEqual(torchvision_shapes(name), found)

    @parameterized.expand([("resnet18",), ("resnet101",)])
    def test_layers_give_the_same(self, name: str) -> None:
        import torchvision

        torch.manual_seed(0)
        theirs = getattr(torchvision.models, name)()
        for key, value in theirs.state_dict().items():
            if "running" in key:
                value.uniform_(0.5, 1.5)
        theirs.eval()
        expansion = 1 if name == "resnet18" else 4
        ours = ResNetStages(name, [expansion * width for width in (64, 128, 256, 512)], 2, 3).eval()
        x = torch.rand(1, 3, 64, 96)
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            torch.save(theirs.state_dict(), Path(folder) / "resnet.pth")
            maps = load_imagenet_weights(ours, Path(folder) / "resnet.pth")(x)
            x = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
            for layer, found in zip((theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4), maps):
                x = layer(x)
                torch.testing.assert_close(found, x, rtol=1e-5, atol=1e-5 * float(x.abs().max()))


if __name__ == "__main__":
    unittest.main()
