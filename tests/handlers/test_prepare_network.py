# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator

from monai_unet3plus.handlers import PrepareNetwork
from monai_unet3plus.networks.nets import UNet3Plus


class TestPrepareNetwork(unittest.TestCase):
    def test_each_run_prepares_the_weights_of_its_time(self) -> None:
        torch.manual_seed(0)
        network = UNet3Plus(features=(2, 4, 8)).eval()
        image = torch.rand(1, 3, 16, 16)
        evaluator = SupervisedEvaluator(
            torch.device("cpu"), [{"image": image}], network, val_handlers=[PrepareNetwork(network)], decollate=False
        )
        used: list[torch.nn.Module] = []
        evaluator.add_event_handler(Events.ITERATION_COMPLETED, lambda engine: used.append(engine.network))
        for _ in range(2):
            with torch.no_grad():
                evaluator.network.heads[0].conv.bias += 1  # as who loads weights into an evaluator does
                evaluator.run()
                self.assertIsNot(used[-1], network)
                self.assertIs(evaluator.network, network)
                torch.testing.assert_close(evaluator.state.output["pred"], network(image), rtol=1e-4, atol=1e-5)

    def test_number_type(self) -> None:
        network = UNet3Plus(features=(2, 4, 8)).eval()
        evaluator = SupervisedEvaluator(torch.device("cpu"), [], network, val_handlers=[])
        PrepareNetwork(network, torch.bfloat16)(evaluator)
        self.assertEqual(evaluator.network.heads[0].conv.weight.dtype, torch.bfloat16)
        self.assertEqual(network.heads[0].conv.weight.dtype, torch.float32)


if __name__ == "__main__":
    unittest.main()
