# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.experiments.compare.schedule import choose_learning_rate, next_trainings, read_records
from monai_unet3plus.experiments.compare.training import Training
from tests.experiments.compare.comparisons import made_up_records, small_settings


class TestSchedule(unittest.TestCase):
    def test_all_learning_rates_with_the_first_seed_then_the_other_seeds(self) -> None:
        settings = small_settings()
        order = next_trainings(settings, {})
        self.assertEqual(
            order, [Training(system, rate, 1) for system in ("unet3plus", "unet") for rate in (0.001, 0.01)]
        )
        records = made_up_records(settings, {"unet3plus": 0.9, "unet": 0.8})
        chosen = {training: record for training, record in records.items() if training.seed == 1}
        self.assertEqual(
            next_trainings(settings, chosen), [Training(system, 0.001, 2) for system in ("unet3plus", "unet")]
        )
        self.assertEqual(next_trainings(settings, records), [])

    def test_the_best_on_validation_is_chosen_when_all_were_tried(self) -> None:
        settings = small_settings()
        records = made_up_records(settings, {"unet3plus": 0.9, "unet": 0.8})
        self.assertEqual(choose_learning_rate("unet", settings, records), 0.001)
        records[Training("unet", 0.01, 1)]["validation_cases"]["b"]["dice"] = 0.95
        self.assertEqual(choose_learning_rate("unet", settings, records), 0.01)
        del records[Training("unet", 0.001, 1)]
        self.assertIsNone(choose_learning_rate("unet", settings, records))

    def test_a_line_that_was_cut_off_is_passed_over(self) -> None:
        records = made_up_records(small_settings(), {"unet3plus": 0.9, "unet": 0.8})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "records.jsonl"
            self.assertEqual(read_records(path), {})
            lines = [json.dumps(record) for record in records.values()]
            path.write_text("\n".join(lines)[:-5])
            with self.assertLogs("monai_unet3plus", "WARNING"):
                found = read_records(path)
        self.assertEqual(list(found), list(records)[:-1])


if __name__ == "__main__":
    unittest.main()
