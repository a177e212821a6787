# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import logging
import unittest

from ignite.engine import Engine
from monai.transforms import Compose
from parameterized import parameterized

from monai_unet3plus.handlers import StatsHandler
from monai_unet3plus.utils.errors import InputError

LOGGER = "monai.handlers.StatsHandler"


def refuse(item: object) -> None:
    raise InputError("crop_size: expected 161 or more, but found 128.")


class TestStatsHandler(unittest.TestCase):
    def engine(self, error: Exception | None = None) -> Engine:
        def step(engine: Engine, batch: object) -> None:
            if error is not None:
                raise error
            Compose([refuse])(batch)  # MONAI wraps the exceptions of a transform

        engine = Engine(step)
        StatsHandler(iteration_log=False, epoch_log=False).attach(engine)
        return engine

    @parameterized.expand([("direct", InputError("wrong")), ("wrapped", None)])
    def test_wrong_input_goes_on_without_a_stack_trace(self, _: str, error: Exception | None) -> None:
        with self.assertNoLogs(LOGGER, logging.ERROR), self.assertRaises((InputError, RuntimeError)):
            self.engine(error).run([0])

    def test_other_errors_are_logged_with_one(self) -> None:
        with self.assertLogs(LOGGER, logging.ERROR) as log, self.assertRaises(KeyError):
            self.engine(KeyError("a fault of the program")).run([0])
        self.assertIsNotNone(log.records[0].exc_info)


if __name__ == "__main__":
    unittest.main()
