# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

import torch
from ignite.engine import Engine, Events

from monai_unet3plus.handlers import WeightAverage


def train(network: torch.nn.Linear, average: WeightAverage, values: list[float], loaded: float | None) -> None:
    """A "training" that sets the weight to one value after the other, from a checkpoint with the weight ``loaded``."""

    def step(engine: Engine, batch: float) -> None:
        with torch.no_grad():
            network.weight.fill_(batch)

    engine = Engine(step)
    if loaded is not None:
        engine.add_event_handler(Events.STARTED, lambda: network.weight.data.fill_(loaded))
    average.attach(engine)
    engine.run(values, max_epochs=1)


class TestWeightAverage(unittest.TestCase):
    def test_is_the_moving_average_from_the_loaded_weights_on(self) -> None:
        network = torch.nn.Linear(1, 1, bias=False)
        average = WeightAverage(network, momentum=0.25)
        train(network, average, [8.0, 0.0], loaded=4.0)
        expected = (4 * 0.75 + 8 * 0.25) * 0.75 + 0 * 0.25  # by hand
        self.assertAlmostEqual(float(average.ema_model.weight), expected, places=6)

    def test_state_goes_on(self) -> None:
        network = torch.nn.Linear(1, 1, bias=False)
        average = WeightAverage(network, momentum=0.25)
        average.ema_model.load_state_dict({"weight": torch.tensor([[2.0]])})  # as a state to go on from does
        engine = Engine(lambda engine, batch: None)
        engine.state.iteration = 5
        average._start(engine)
        self.assertEqual(float(average.ema_model.weight), 2.0)


if __name__ == "__main__":
    unittest.main()
