# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest
from types import SimpleNamespace

from ignite.engine import Engine, Events
from parameterized import parameterized

from monai_unet3plus.handlers import EarlyStop


class TestEarlyStop(unittest.TestCase):
    @parameterized.expand(
        [
            ("no_better_for_two_epochs", [0.5, 0.7, 0.6, 0.7, 0.9], 2, 1, 4),
            ("better_in_time", [0.5, 0.4, 0.6, 0.5, 0.7], 2, 1, 5),
            ("no_early_stop", [0.5, 0.4, 0.3, 0.2, 0.1], 0, 1, 5),
            ("never_validated", [], 2, 1, 5),
            ("better_at_each_of_few_validations", [0.0, 0.5, 0.0, 0.6, 0.0], 1, 2, 5),
            ("no_better_at_the_second_of_few", [0.0, 0.5, 0.0, 0.4, 0.0], 1, 2, 4),
        ]
    )
    def test_training_ends_after(self, _: str, scores: list[float], patience: int, interval: int, epochs: int) -> None:
        validator = SimpleNamespace(state=SimpleNamespace(epoch=0, best_metric=-1, best_metric_epoch=-1))
        trainer = Engine(lambda engine, batch: None)

        @trainer.on(Events.EPOCH_COMPLETED)
        def validate(engine: Engine) -> None:
            if engine.state.epoch % interval:
                return
            validator.state.epoch = engine.state.epoch
            score = scores[engine.state.epoch - 1] if scores else -1
            if score > validator.state.best_metric:
                validator.state.best_metric, validator.state.best_metric_epoch = score, engine.state.epoch

        EarlyStop(validator, patience).attach(trainer)  # type: ignore[arg-type]
        trainer.run([0], max_epochs=5)
        self.assertEqual(trainer.state.epoch, epochs)


if __name__ == "__main__":
    unittest.main()
