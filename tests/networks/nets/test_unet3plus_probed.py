# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Uses of a network by others: hooks, adapters, pruning, explanations, transforms of torch.func, compilation."""

from __future__ import annotations

import unittest
from collections.abc import Callable

import torch
import torch.nn as nn
from monai.visualize import GradCAM
from parameterized import parameterized
from torch.nn.utils import parametrizations, prune
from torch.utils.flop_counter import FlopCounterMode

from monai_unet3plus.experiments.compare.cost import count_flops
from monai_unet3plus.networks import prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from tests.networks.nets.test_unet3plus import guided, set_verdicts
from tests.networks.published import NARROW_WIDTHS, published_forward, published_shapes, random_state

FEATURES = (4, 6, 8)


def network(**options: object) -> UNet3Plus:
    torch.manual_seed(0)
    return UNet3Plus(**{"features": FEATURES, **options})


def convolutions(model: nn.Module) -> list[nn.Conv2d]:
    return [module for module in model.modules() if isinstance(module, nn.Conv2d)]


def images(*size: int) -> torch.Tensor:
    return torch.rand(*size, generator=torch.Generator().manual_seed(0))


def train_twice(model: nn.Module) -> None:
    for _ in range(2):
        model.zero_grad()
        model.train()(images(2, 3, 16, 16)).square().mean().backward()


class Adapter(nn.Module):
    """A convolution of rank 1 beside a convolution."""

    def __init__(self, base: nn.Conv2d) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Conv2d(base.in_channels, 1, base.kernel_size, padding=base.padding)
        self.up = nn.Conv2d(1, base.out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.up(self.down(x))


class TestModules(unittest.TestCase):
    def test_hooks_on_all_convolutions_fire_in_training_and_evaluation(self) -> None:
        model = network(features=NARROW_WIDTHS, classification_guided=True, deep_supervision=True)
        set_verdicts(model, True)
        fired: list[nn.Module] = []
        for conv in convolutions(model):
            conv.register_forward_hook(lambda module, *_: fired.append(module))
        model(images(2, 3, 16, 16))
        self.assertEqual(set(fired), set(convolutions(model)))
        fired.clear()
        model.eval()(images(1, 3, 16, 16))
        self.assertEqual(set(fired), set(convolutions(model)) - {head.conv for head in model.heads[1:]})

    def test_adapters_around_all_convolutions_count_and_train(self) -> None:
        model, x = network().eval(), images(1, 3, 16, 16)
        before = model(x)
        for name, conv in list(model.named_modules()):
            if isinstance(conv, nn.Conv2d):
                holder, _, attribute = name.rpartition(".")
                setattr(model.get_submodule(holder), attribute, Adapter(conv))
        after = model(x)
        self.assertGreater(float((after - before).detach().abs().max()), 1e-3)
        after.sum().backward()
        self.assertEqual([name for name, parameter in model.named_parameters() if parameter.grad is None], [])
        torch.testing.assert_close(prepare_for_inference(model)(x), after, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(torch.jit.script(model)(x), after, rtol=1e-4, atol=1e-4)

    @parameterized.expand(
        [
            ("pruning", lambda conv: prune.l1_unstructured(conv, "weight", amount=0.5)),
            ("old_weight_norm", torch.nn.utils.weight_norm),
            ("weight_norm", parametrizations.weight_norm),
            ("spectral_norm", parametrizations.spectral_norm),
        ]
    )
    def test_changed_weights_train_and_are_used(self, name: str, change: Callable[[nn.Module], object]) -> None:
        model = network()
        for conv in convolutions(model):
            change(conv)
        train_twice(model)
        self.assertEqual([name for name, parameter in model.named_parameters() if parameter.grad is None], [])
        direct, x = network().eval(), images(1, 3, 16, 16)
        own = {**direct.state_dict(), **{name: value for name, value in model.state_dict().items() if "adn" in name}}
        direct.load_state_dict(own)
        with torch.no_grad():
            for conv, changed in zip(convolutions(direct), convolutions(model.eval())):
                conv.weight.copy_(changed.weight)
            expected = direct(x)
            torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4)
            if not name.startswith(("pruning", "old")):  # whose weights can't be copied with gradients
                torch.testing.assert_close(prepare_for_inference(model)(x), expected, rtol=1e-4, atol=1e-4)

    def test_flop_counter_counts_the_layers_and_ours_what_is_computed(self) -> None:
        model, x = network(features=NARROW_WIDTHS).eval(), images(1, 3, 64, 64)
        state = random_state(published_shapes("UNet_3Plus", NARROW_WIDTHS))
        with torch.no_grad():
            with FlopCounterMode(display=False) as counter:
                model(x)
            published = count_flops(lambda: published_forward(state, x))
            self.assertEqual(counter.get_total_flops(), published)
            self.assertLess(count_flops(lambda: model(x)), 0.9 * published)


class TestGradients(unittest.TestCase):
    def test_evaluation_has_gradients_where_no_organ_is_present(self) -> None:
        model, x = guided(), images(1, 3, 32, 32).requires_grad_()
        set_verdicts(model, False, False)
        out = model(x)
        self.assertTrue((out == -30).all())
        out.sum().backward()
        self.assertIsNotNone(x.grad)
        self.assertFalse(x.grad.any())  # the gate is shut
        self.assertIsNotNone(model.nodes[-1].fusion.conv.weight.grad)

    @parameterized.expand([(True,), (False,)])
    def test_grad_cam_on_a_convolution(self, present: bool) -> None:
        model = guided()
        set_verdicts(model, present, present)
        for layer in ("nodes.3.fusion.conv", "nodes.3.branches.4.conv"):
            found = GradCAM(model, target_layers=layer)(images(1, 3, 32, 32), class_idx=1)
            self.assertEqual((tuple(found.shape), bool(found.isfinite().all())), ((1, 1, 32, 32), True))
            self.assertEqual(float(found.std()) > 0, present)

    def test_second_derivatives(self) -> None:
        model = network(act="gelu", features=(2, 2)).double().eval()
        x = images(1, 3, 5, 4).double().requires_grad_()
        self.assertTrue(torch.autograd.gradgradcheck(model, x, fast_mode=True))

    def test_second_derivatives_of_a_wide_network(self) -> None:
        model = network(act="gelu", features=(64, 64)).train()  # by Winograd's form
        x = images(1, 3, 24, 24).requires_grad_()
        (gradient,) = torch.autograd.grad(model(x).square().sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(gradient.square().sum(), x)
        for conv in convolutions(model):
            conv.register_forward_hook(lambda *_: None)  # the direct form
        (gradient,) = torch.autograd.grad(model(x).square().sum(), x, create_graph=True)
        (expected,) = torch.autograd.grad(gradient.square().sum(), x)
        torch.testing.assert_close(second, expected, rtol=0, atol=1e-3 * float(expected.abs().max()))

    def test_forward_differentiation(self) -> None:
        model, x = network(act="gelu").eval(), images(1, 3, 16, 16)
        direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
        (gradient,) = torch.autograd.grad(model(x.requires_grad_()).sum(), x)
        with torch.autograd.forward_ad.dual_level():
            out = model(torch.autograd.forward_ad.make_dual(x.detach(), direction))
            slope = torch.autograd.forward_ad.unpack_dual(out).tangent.sum()
        torch.testing.assert_close(slope, (gradient * direction).sum(), rtol=1e-3, atol=1e-4)


class TestTransforms(unittest.TestCase):
    @parameterized.expand([(True,), (False,)])
    def test_vmap(self, with_gradients: bool) -> None:
        model, x = guided(), images(2, 1, 3, 32, 32)
        with torch.set_grad_enabled(with_gradients):
            torch.testing.assert_close(torch.vmap(model)(x)[:, 0], model(x[:, 0]), rtol=1e-4, atol=1e-4)

    def test_ensemble_by_vmap(self) -> None:
        models = [network().eval(), network(dropout=0.5).eval()]
        nn.init.ones_(models[1].heads[0].conv.bias)
        parameters, buffers = torch.func.stack_module_state(models)
        x = images(1, 3, 16, 16)

        def run(*state: dict[str, torch.Tensor]) -> torch.Tensor:
            return torch.func.functional_call(models[0], state, (x,))

        found = torch.vmap(run)(parameters, buffers)
        torch.testing.assert_close(found, torch.stack([model(x) for model in models]), rtol=1e-4, atol=1e-4)

    def test_gradients_per_sample(self) -> None:
        model, x = network(norm="instance"), images(2, 3, 16, 16)
        parameters = dict(model.named_parameters())

        def loss(parameters: dict[str, torch.Tensor], image: torch.Tensor) -> torch.Tensor:
            return torch.func.functional_call(model, parameters, (image[None],)).square().mean()

        each = torch.vmap(torch.func.grad(loss), (None, 0))(parameters, x)
        loss(parameters, x[1]).backward()
        for name, parameter in parameters.items():
            torch.testing.assert_close(each[name][1], parameter.grad, rtol=1e-3, atol=1e-5, msg=name)

    def test_compiled(self) -> None:
        model, x = network(features=(2, 4), classification_guided=True).eval(), images(2, 3, 16, 16)
        set_verdicts(model, True)
        before = model(x)
        model.nodes[0].branches[1].conv.register_forward_hook(lambda module, args, out: 2 * out)
        with torch.no_grad():
            after = model(x)
            self.assertGreater(float((after - before).abs().max()), 1e-3)
            torch.testing.assert_close(torch.compile(model, backend="eager")(x), after, rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
