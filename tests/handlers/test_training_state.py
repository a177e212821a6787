# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
import torch.distributed as dist
from parameterized import parameterized

from monai_unet3plus.utils.errors import InputError
from tests.handlers.trainings import train
from tests.processes import run_in_processes

ITERATIONS = 4  # per epoch


def resume_on_a_machine(folder: Path) -> str:
    """The error of a process whose machine has a folder of its own."""
    try:
        train(folder / str(dist.get_rank()), 2, resume=True)
    except InputError as e:
        return str(e)
    return ""


class TestTrainingState(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        patch = mock.patch("monai_unet3plus.handlers.history.save_curves")  # half the time of so small a training
        patch.start()
        self.addCleanup(patch.stop)

    @parameterized.expand([(0,), (2,)])
    def test_training_killed_within_an_epoch_goes_on_as_if_it_had_not_been(self, num_workers: int) -> None:
        losses, unbroken, validator = train(self.root / "a", 4, num_workers=num_workers)
        before, _, _ = train(self.root / "b", 4, num_workers=num_workers, kill_in_epoch=3)
        after, resumed, again = train(self.root / "b", 4, resume=True, num_workers=num_workers)
        self.assertEqual(before, losses[: 2 * ITERATIONS + 2])
        self.assertEqual(after, losses[2 * ITERATIONS :])
        self.assertEqual(len(set(losses)), len(losses), "no two iterations see the same")
        for ours, theirs in zip(resumed.network.parameters(), unbroken.network.parameters()):
            self.assertTrue(torch.equal(ours, theirs))
        self.assertEqual(again.state.best_metric, validator.state.best_metric)
        self.assertEqual(again.state.best_metric_epoch, validator.state.best_metric_epoch)
        histories = [(self.root / name / "history.csv").read_text() for name in "ab"]
        self.assertEqual(*histories)

    def test_without_a_file_training_starts_from_the_beginning(self) -> None:
        with self.assertLogs("monai_unet3plus", "INFO") as log:
            losses, _, _ = train(self.root, 1, resume=True)
        self.assertEqual(len(losses), ITERATIONS)
        self.assertIn("nothing to resume", log.output[0])

    def test_finished_training_has_nothing_left_to_do(self) -> None:
        _, finished, _ = train(self.root, 2)
        losses, resumed, _ = train(self.root, 2, resume=True)
        self.assertEqual(losses, [])
        for ours, theirs in zip(resumed.network.parameters(), finished.network.parameters()):
            self.assertTrue(torch.equal(ours, theirs))

    def test_another_number_of_epochs_is_refused(self) -> None:
        train(self.root, 1)
        with self.assertRaisesRegex(InputError, "a training of 1 epochs, but there are now 3"):
            train(self.root, 3, resume=True)

    def test_other_settings_are_refused(self) -> None:
        began = {"organs": {"liver": 1, "spleen": 2}, "fold": 0}
        train(self.root, 1, **began)
        train(self.root, 1, resume=True, **began)
        train(self.root, 1, resume=True, seed=3)  # of which the file tells nothing
        swapped = {"organs": {"spleen": 2, "liver": 1}}  # equal for a dictionary
        for name, settings in (("organs", swapped), ("fold", {"fold": 1})):
            with self.assertRaisesRegex(InputError, f"of a training with {name} .*, but it is now"):
                train(self.root, 1, resume=True, **settings)

    def test_new_training_puts_the_state_of_an_earlier_one_aside(self) -> None:
        train(self.root, 2)
        train(self.root, 2, kill_in_epoch=1)
        self.assertTrue((self.root / "state.previous.pt").is_file())
        losses, _, _ = train(self.root, 2, resume=True)
        self.assertEqual(len(losses), 2 * ITERATIONS)

    def test_half_of_a_file_that_a_killed_training_left_is_removed(self) -> None:
        train(self.root, 1)
        left = self.root / ".123.state.pt"
        left.write_bytes(b"half")
        train(self.root, 1, resume=True)
        self.assertFalse(left.exists())

    def test_state_of_another_network_is_refused(self) -> None:
        train(self.root, 1)
        with self.assertRaisesRegex(InputError, "state.pt does not fit this training"):
            train(self.root, 1, resume=True, network=torch.nn.Conv2d(1, 1, 3, padding=1))

    @parameterized.expand([("text", b"no state"), ("weights", None)])
    def test_file_that_is_no_state_is_refused(self, _: str, content: bytes | None) -> None:
        if content is None:
            torch.save(torch.nn.Linear(1, 1).state_dict(), self.root / "state.pt")
        else:
            (self.root / "state.pt").write_bytes(content)
        with self.assertRaisesRegex(InputError, "resume: .*state.pt"):
            train(self.root, 1, resume=True)

    def test_machines_that_do_not_share_the_file_are_refused(self) -> None:
        train(self.root / "0", 2, kill_in_epoch=2)
        for error in run_in_processes(resume_on_a_machine, self.root):
            self.assertRegex(error, r"after epochs \[1, 0\] in theirs. Give a ckpt_dir that all machines share")


if __name__ == "__main__":
    unittest.main()
