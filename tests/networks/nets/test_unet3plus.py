# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from itertools import product

import torch
from ignite.engine import Events
from monai.engines import SupervisedTrainer
from monai.losses import DeepSupervisionLoss, DiceFocalLoss
from parameterized import parameterized

from monai_unet3plus.networks import load_published_weights
from monai_unet3plus.networks.blocks import gate_logits, is_present
from monai_unet3plus.networks.nets import UNet3Plus
from tests.networks.published import (
    FULL_WIDTHS,
    NARROW_WIDTHS,
    VARIANTS,
    published_forward,
    published_shapes,
    random_state,
)

FEATURES = (4, 8, 16, 32, 64)
PARAMETERS = {"UNet_3Plus": 26_971_777, "UNet_3Plus_DeepSup": 26_989_637, "UNet_3Plus_DeepSup_CGM": 26_991_687}
SIZES = [(16, 16), (32, 48), (64, 64), (96, 80)]
FLAGS = list(product((False, True), repeat=2))
SHAPES = [(2, (16, 16)), (2, (17, 23)), (2, (33, 47)), (2, (64, 30)), (3, (17, 18, 19)), (3, (32, 16, 16))]


def arguments_of(variant: str) -> dict[str, bool]:
    return {"deep_supervision": "DeepSup" in variant, "classification_guided": "CGM" in variant}


def pair(variant: str, widths: tuple[int, ...]) -> tuple[UNet3Plus, dict[str, torch.Tensor]]:
    """Our network and the published state dict whose weights it has."""
    state = random_state(published_shapes(variant, widths))
    network = load_published_weights(UNet3Plus(features=widths, **arguments_of(variant)), state)
    return network.eval(), state


def guided(organs: int = 2, features: tuple[int, ...] = FEATURES, **kwargs: object) -> UNet3Plus:
    """A guided network whose logits differ from pixel to pixel, which fresh weights hardly make them do."""
    torch.manual_seed(0)
    network = UNet3Plus(features=features, out_channels=organs, classification_guided=True, **kwargs).eval()
    for weight in network.parameters():
        if weight.dim() > 2:
            torch.nn.init.kaiming_normal_(weight, nonlinearity="relu")
    return network


def set_verdicts(network: UNet3Plus, *present: bool) -> None:
    """Make the verdict on each organ the given one, whatever the image."""
    torch.nn.init.zeros_(network.presence_head.conv.weight)
    bias = [value for organ in present for value in ((-1.0, 1.0) if organ else (1.0, -1.0))]
    network.presence_head.conv.bias.data = torch.tensor(bias)


def gate_first_item(network: UNet3Plus, x: torch.Tensor) -> torch.Tensor:
    """Move the threshold between the verdicts on two images, so that one has no organ; return the images so ordered."""
    with torch.no_grad():
        logits = network.presence_logits(x)
        margins = logits[..., 1] - logits[..., 0]
        middle, order = margins.mean(dim=0), margins[:, 0].argsort()
        weight, bias = network.presence_head.conv.weight, network.presence_head.conv.bias
        weight.copy_(weight[:2].repeat(len(weight) // 2, 1, *[1] * (weight.dim() - 2)))  # one verdict for all organs
        bias.copy_(bias[:2].repeat(len(bias) // 2))
        bias[1::2] -= middle[0]
    return x[order]


class TestParity(unittest.TestCase):
    """Against the independent re-statement of the published networks."""

    def check(self, variant: str, widths: tuple[int, ...], size: tuple[int, int]) -> None:
        network, state = pair(variant, widths)
        x = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            expected = published_forward(state, x)
            maps = network.encode(x)
            outputs = network.side_outputs(maps) if network.deep_supervision else [network.decode(maps)]
            finest = network(x)
        self.assertEqual(len(outputs), len(expected.logits))
        for ours, theirs in zip(outputs, expected.logits):
            self.assertLess(float((ours - theirs).abs().max() / theirs.abs().max()), 1e-5)
            self.assertLess(float((ours.sigmoid() - theirs.sigmoid()).abs().max()), 1e-5)
        if expected.presence is None:
            torch.testing.assert_close(finest, outputs[0], rtol=0, atol=0)
            return
        presence = network.presence_logits(x)
        torch.testing.assert_close(presence[:, 0], expected.presence, rtol=1e-5, atol=1e-5)
        is_open = expected.presence.argmax(dim=1) == 1
        torch.testing.assert_close(finest[is_open], outputs[0][is_open], rtol=0, atol=0)
        self.assertTrue((finest[~is_open] == -30).all())

    @parameterized.expand(list(product(VARIANTS, SIZES)))
    def test_equals_the_published_network(self, variant: str, size: tuple[int, int]) -> None:
        self.check(variant, NARROW_WIDTHS, size)

    def test_equals_the_published_network_at_full_width(self) -> None:
        self.check("UNet_3Plus_DeepSup_CGM", FULL_WIDTHS, (48, 64))

    @parameterized.expand(PARAMETERS.items())
    def test_parameter_count_is_the_published_one(self, variant: str, count: int) -> None:
        network = UNet3Plus(**arguments_of(variant))
        self.assertEqual(sum(parameter.numel() for parameter in network.parameters()), count)


class TestContract(unittest.TestCase):
    @parameterized.expand(SHAPES)
    def test_any_size_gives_logits_of_that_size(self, spatial_dims: int, size: tuple[int, ...]) -> None:
        network = UNet3Plus(spatial_dims, 2, 3, FEATURES, deep_supervision=True, classification_guided=True)
        x = torch.rand(2, 2, *size)
        self.assertEqual(network.eval()(x).shape, (2, 3, *size))
        outputs, presence = network.train()(x)
        self.assertEqual([tuple(output.shape) for output in outputs], 5 * [(2, 3, *size)])
        self.assertEqual(presence.shape, (2, 3, 2))

    @parameterized.expand(FLAGS)
    def test_training_returns_what_was_asked_for_and_evaluation_one_tensor(self, deep: bool, cgm: bool) -> None:
        network = UNet3Plus(features=FEATURES, deep_supervision=deep, classification_guided=cgm)
        x = torch.rand(2, 3, 32, 32)
        out = network.train()(x)
        if cgm:
            self.assertIsInstance(out, tuple)
            out = out[0]
        self.assertIsInstance(out, list if deep else torch.Tensor)
        self.assertIsInstance(network.eval()(x), torch.Tensor)

    def test_the_first_of_the_training_outputs_is_the_finest(self) -> None:
        network = UNet3Plus(features=FEATURES, deep_supervision=True).eval()
        x = torch.rand(1, 3, 48, 48)
        with torch.no_grad():
            outputs = network.side_outputs(network.encode(x))
            torch.testing.assert_close(outputs[0], network(x))
        # an output up-sampled by 16 is piecewise linear, with bends every 16 pixels only
        bends = [output.diff(n=2, dim=-1).abs().gt(1e-5).float().mean().item() for output in outputs]
        self.assertEqual(bends, sorted(bends, reverse=True))

    @parameterized.expand(FLAGS)
    def test_every_parameter_gets_a_gradient(self, deep: bool, cgm: bool) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(out_channels=2, features=FEATURES, deep_supervision=deep, classification_guided=cgm)
        out = network.train()(torch.rand(2, 3, 48, 48))
        tensors = [*(out[0] if deep else out[:1]), out[1]] if cgm else (out if deep else [out])
        sum(((tensor - 1) ** 2).mean() for tensor in tensors).backward()
        for name, parameter in network.named_parameters():
            self.assertIsNotNone(parameter.grad, name)
            self.assertTrue(torch.isfinite(parameter.grad).all(), name)
            if not name.endswith("conv.bias"):  # before batch norm a bias has no effect
                self.assertGreater(float(parameter.grad.abs().max()), 0, name)

    @parameterized.expand(FLAGS[:3:2])
    def test_stock_trainer_and_loss_take_the_outputs(self, deep: bool, _: bool) -> None:
        network = UNet3Plus(features=FEATURES, deep_supervision=deep)
        batch = {"image": torch.rand(2, 3, 32, 32), "label": torch.ones(2, 1, 32, 32)}
        trainer = SupervisedTrainer(
            device=torch.device("cpu"),
            max_epochs=1,
            train_data_loader=[batch],
            network=network,
            optimizer=torch.optim.SGD(network.parameters(), 0.1),
            loss_function=DeepSupervisionLoss(DiceFocalLoss(sigmoid=True), weight_mode="same"),
        )
        losses: list[float] = []
        trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda e: losses.append(float(e.state.output[0]["loss"])))
        trainer.run()
        self.assertEqual(len(losses), 1)
        self.assertGreater(losses[0], 0)

    @parameterized.expand(
        [
            ({"norm": "instance"},),
            ({"norm": ("group", {"num_groups": 2})},),
            ({"act": "leakyrelu"},),
            ({"bias": False},),
            ({"dropout": 0.2},),
            ({"features": (4, 8)},),
        ]
    )
    def test_options_of_monai_are_taken(self, options: dict) -> None:
        network = UNet3Plus(**{"features": FEATURES, **options})
        network.train()(torch.rand(2, 3, 32, 32)).mean().backward()
        if "bias" in options:
            self.assertFalse([n for n, _ in network.named_parameters() if n.endswith("conv.bias") and "heads" not in n])

    def test_items_of_a_batch_do_not_influence_each_other(self) -> None:
        network = UNet3Plus(features=FEATURES).eval()
        x = torch.rand(3, 3, 32, 32)
        with torch.no_grad():
            torch.testing.assert_close(network(x)[1:2], network(x[1:2]), rtol=1e-5, atol=1e-5)


class TestGate(unittest.TestCase):
    @parameterized.expand([(2,), (3,)])
    def test_absent_organs_alone_get_the_absent_logit(self, dims: int) -> None:
        network = guided(spatial_dims=dims)
        x = torch.rand(2, 3, *[32] * dims)
        set_verdicts(network, True, False)
        with torch.no_grad():
            ungated, out = network.decode(network.encode(x)), network(x)
        self.assertTrue(torch.equal(out[:, 0], ungated[:, 0]))
        self.assertTrue((out[:, 1] == -30.0).all())

    def test_training_outputs_are_not_gated(self) -> None:
        network = guided(deep_supervision=True).train()
        set_verdicts(network, False, False)
        outputs, _ = network(torch.rand(2, 3, 32, 32))
        for output in outputs:
            self.assertGreater(float(output.min()), -30)

    def test_presence_first_equals_gating_after_decoding_everything(self) -> None:
        network = guided()
        x = gate_first_item(network, torch.stack([torch.rand(3, 32, 32), torch.rand(3, 32, 32) * 3]))
        with torch.no_grad():
            present = is_present(network.presence_logits(x))
            self.assertEqual(present.tolist(), [[False, False], [True, True]])
            expected = gate_logits(network.decode(network.encode(x)), present)
            torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5)

    def test_only_items_with_an_organ_are_decoded(self) -> None:
        network = guided()
        x = gate_first_item(network, torch.stack([torch.rand(3, 32, 32), torch.rand(3, 32, 32) * 3]))
        decoded: list[int] = []
        network.nodes[-1].register_forward_hook(lambda module, args, output: decoded.append(len(output)))
        with torch.no_grad():
            network(x)
            set_verdicts(network, False, False)
            self.assertTrue((network(x) == -30).all())
        self.assertEqual(decoded, [1])

    def test_parts_agree_with_the_whole(self) -> None:
        network = guided()
        x = torch.rand(2, 3, 32, 32)
        with torch.no_grad():
            maps = network.encode(x)
            torch.testing.assert_close(network.presence_head(maps[-1]), network.presence_logits(x))
            expected = gate_logits(network.decode(maps), is_present(network.presence_logits(x)))
            torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5)


class TestBackbones(unittest.TestCase):
    @parameterized.expand([("resnet50", 16_924_865), ("resnet101", 35_916_993)])
    def test_parameter_count(self, backbone: str, count: int) -> None:
        with torch.device("meta"):
            parameters = UNet3Plus(backbone=backbone).parameters()
        self.assertEqual(sum(parameter.numel() for parameter in parameters), count)

    @parameterized.expand(product(["resnet18", "resnet50", "efficientnet-b0"], [(2, (33, 47)), (3, (32, 33, 34))]))
    def test_any_size_gives_all_outputs_and_every_parameter_a_gradient(self, backbone: str, shape: tuple) -> None:
        dims, size = shape
        options = {"deep_supervision": True, "classification_guided": True, "backbone": backbone}
        network = UNet3Plus(dims, 2, 3, FEATURES, **options)
        x = torch.rand(2, 2, *size)
        outputs, presence = network.train()(x)
        self.assertEqual([tuple(output.shape) for output in outputs], 5 * [(2, 3, *size)])
        self.assertEqual(presence.shape, (2, 3, 2))
        sum(((tensor - 1) ** 2).mean() for tensor in [*outputs, presence]).backward()
        for name, parameter in network.named_parameters():
            self.assertEqual(parameter.grad is not None, parameter.requires_grad, name)
        self.assertEqual(network.eval()(x).shape, (2, 3, *size))

    def test_presence_first_equals_gating_after_decoding_everything(self) -> None:
        network = guided(backbone="resnet18")
        x = gate_first_item(network, torch.stack([torch.rand(3, 32, 32), torch.rand(3, 32, 32) * 3]))
        with torch.no_grad():
            present = is_present(network.presence_logits(x))
            self.assertEqual(present.tolist(), [[False, False], [True, True]])
            expected = gate_logits(network.decode(network.encode(x)), present)
            torch.testing.assert_close(network(x), expected, rtol=1e-5, atol=1e-5)

    def test_published_weights_are_refused(self) -> None:
        state = random_state(published_shapes("UNet_3Plus", NARROW_WIDTHS))
        with self.assertRaisesRegex(ValueError, "to be built like the published one"):
            load_published_weights(UNet3Plus(features=NARROW_WIDTHS, backbone="resnet18"), state)


class TestErrors(unittest.TestCase):
    @parameterized.expand(
        [
            ({"spatial_dims": 1}, "spatial_dims.*got 1"),
            ({"in_channels": 0}, "in_channels.*got 0"),
            ({"out_channels": -1}, "out_channels.*got -1"),
            ({"features": (64,)}, r"features.*got \(64,\)"),
            ({"features": (64, 0)}, r"features.*got \(64, 0\)"),
            ({"backbone": "vgg16"}, "backbone.*got 'vgg16'"),
            ({"features": (4, 8, 6, 8, 16), "backbone": "resnet50"}, r"multiple of 4, but got \(6, 8, 16\)"),
        ]
    )
    def test_ill_arguments_are_named(self, arguments: dict, message: str) -> None:
        with self.assertRaisesRegex(ValueError, message):
            UNet3Plus(**arguments)

    @parameterized.expand(
        [
            ((1, 3, 32), r"\(B, 3, H, W\), but got \(1, 3, 32\)"),
            ((1, 1, 32, 32), r"\(B, 3, H, W\), but got \(1, 1, 32, 32\)"),
            ((1, 3, 15, 32), r"at least 16.*got \(15, 32\)"),
            ((1, 3, 16, 31), r"single value per channel"),
        ]
    )
    def test_ill_inputs_are_named_in_training(self, shape: tuple[int, ...], message: str) -> None:
        with self.assertRaisesRegex(ValueError, message):
            UNet3Plus(features=FEATURES).train()(torch.rand(shape))

    def test_smallest_size_of_a_backbone_is_named(self) -> None:
        with self.assertRaisesRegex(ValueError, r"at least 32, since the encoder halves them 5 times.*\(31, 40\)"):
            UNet3Plus(features=FEATURES, backbone="efficientnet-b0")(torch.rand(1, 3, 31, 40))

    def test_presence_of_a_network_without_classifier_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "classification_guided=True"):
            UNet3Plus(features=FEATURES).presence_logits(torch.rand(1, 3, 32, 32))


if __name__ == "__main__":
    unittest.main()
