# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The cost of the network, counted: multiplications and bytes, which do not depend on the machine's load."""

from __future__ import annotations

import copy
import unittest

import torch

from monai_unet3plus.experiments.compare.cost import count_flops
from monai_unet3plus.networks import has_native_bfloat16, load_published_weights, prepare_for_inference
from monai_unet3plus.networks.nets import UNet3Plus
from tests.memory import peak_bytes
from tests.networks.published import published_forward, published_shapes, random_state, require_gradients

FEATURES = (32, 64, 128, 256, 512)
# Elsewhere PyTorch unfolds images before convolutions in bfloat16, which takes more memory than float32.
NATIVE_BFLOAT16 = has_native_bfloat16("cpu")
IMAGE = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))


def network(**options: bool) -> UNet3Plus:
    torch.manual_seed(0)
    return UNet3Plus(features=FEATURES, **options)


def step(model: UNet3Plus) -> list[torch.Tensor]:
    """A training step; its gradients."""
    model.zero_grad(set_to_none=True)
    sum(logits.square().mean() for logits in model(IMAGE)).backward()
    return [parameter.grad for parameter in model.parameters()]


class TestCost(unittest.TestCase):
    def test_forward_beside_the_published_network(self) -> None:
        state = random_state(published_shapes("UNet_3Plus", FEATURES))
        ours = prepare_for_inference(load_published_weights(network(), state))
        with torch.inference_mode():
            self.assertLess(
                count_flops(lambda: ours(IMAGE)), 0.35 * count_flops(lambda: published_forward(state, IMAGE))
            )
            theirs = peak_bytes(lambda: published_forward(state, IMAGE))
            self.assertLess(peak_bytes(lambda: ours(IMAGE)), 0.4 * theirs)
            if NATIVE_BFLOAT16:
                lower = prepare_for_inference(ours, torch.bfloat16)
                self.assertLess(peak_bytes(lambda: lower(IMAGE)), 0.2 * theirs)

    def test_training_step_beside_the_published_network(self) -> None:
        state = random_state(published_shapes("UNet_3Plus_DeepSup", FEATURES))
        ours = load_published_weights(network(deep_supervision=True), state).train()
        require_gradients(state)

        def published() -> None:
            sum(logits.square().mean() for logits in published_forward(state, IMAGE).logits).backward()

        memory: list[int] = []
        work = [count_flops(lambda f=f: memory.append(peak_bytes(f))) for f in (published, lambda: step(ours))]
        self.assertLess(work[1], 0.35 * work[0])
        self.assertLess(memory[1], 0.5 * memory[0])
        ours.zero_grad(set_to_none=True)
        if NATIVE_BFLOAT16:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                self.assertLess(peak_bytes(lambda: step(ours)), 0.33 * memory[0])

    def test_slice_without_organ_costs_the_encoder_alone(self) -> None:
        guided = prepare_for_inference(network(classification_guided=True))
        bias, work = guided.presence_head.conv.bias, []
        with torch.inference_mode():
            for verdict in ([1e6, -1e6], [-1e6, 1e6]):
                bias.copy_(torch.tensor(verdict))
                work.append(count_flops(lambda: guided(IMAGE)))
        self.assertLess(work[0], 0.3 * work[1])


class TestCheckpoint(unittest.TestCase):
    def test_training_is_the_same_and_takes_less_memory(self) -> None:
        kept = network(deep_supervision=True).train()
        again = network(deep_supervision=True, use_checkpoint=True).train()
        again.load_state_dict(copy.deepcopy(kept.state_dict()))
        gradients: list[list[torch.Tensor]] = []
        memory = [peak_bytes(lambda model=model: gradients.append(step(model))) for model in (kept, again)]
        for expected, found in zip(*gradients):
            torch.testing.assert_close(found, expected)
        for name, expected in kept.state_dict().items():
            torch.testing.assert_close(again.state_dict()[name], expected, msg=name)  # running statistics too
        self.assertLess(memory[1], 0.8 * memory[0])

    def test_checkpointed_network_scripts(self) -> None:
        model = UNet3Plus(features=(2, 4, 8), use_checkpoint=True).eval()
        torch.testing.assert_close(torch.jit.script(model)(IMAGE), model(IMAGE), rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
