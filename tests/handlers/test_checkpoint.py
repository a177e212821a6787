# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from ignite.engine import Engine, Events
from parameterized import parameterized

from monai_unet3plus.handlers import CheckpointLoader, CheckpointSaver
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.utils.errors import InputError


class Payload:
    """Makes a folder when it is unpickled, as a malicious file could do worse."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def narrow_network(organs: int) -> UNet3Plus:
    return UNet3Plus(out_channels=organs, features=(4, 8, 16, 32, 64), classification_guided=True, presence_dropout=0.0)


class FolderTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.path = self.root / "model.pt"

    def files(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir())


def load(loader: CheckpointLoader) -> None:
    loader(Engine(lambda engine, batch: None))


class TestCheckpointLoader(FolderTestCase):
    def loader(self, network: torch.nn.Module) -> CheckpointLoader:
        return CheckpointLoader(str(self.path), {"model": network})

    def test_weights_are_loaded_before_a_run_too(self) -> None:
        trained, network = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
        torch.save(trained.state_dict(), self.path)
        self.loader(network).load()
        self.assertTrue(torch.equal(network.weight, trained.weight))

    @parameterized.expand([("state_dict", False), ("under_its_name", True)])
    def test_weights_are_loaded(self, _: str, nested: bool) -> None:
        trained, network = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
        torch.save({"model": trained.state_dict()} if nested else trained.state_dict(), self.path)
        load(self.loader(network))
        for name, value in trained.state_dict().items():
            self.assertTrue(torch.equal(network.state_dict()[name], value))

    def test_weights_are_loaded_when_an_engine_starts(self) -> None:
        trained, network = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
        torch.save(trained.state_dict(), self.path)
        engine = Engine(lambda engine, batch: None)
        self.loader(network).attach(engine)
        engine.run([0])
        self.assertTrue(torch.equal(network.weight, trained.weight))

    def test_weights_that_the_bundle_was_delivered_with_give_its_warning(self) -> None:
        network = torch.nn.Linear(2, 3)
        torch.save(network.state_dict(), self.path)
        delivered = {"sha256": hashlib.sha256(self.path.read_bytes()).hexdigest(), "warning": "only a few cases"}
        with self.assertLogs("monai_unet3plus", "WARNING") as logged:
            load(CheckpointLoader(str(self.path), {"model": network}, metadata={"weights": delivered}))
        self.assertIn(f"{self.path}: only a few cases", logged.output[0])
        others = {"weights": {**delivered, "sha256": "0"}}, {"weights": {"sha256": delivered["sha256"]}}, {}, None
        with self.assertNoLogs("monai_unet3plus"):
            for metadata in others:
                load(CheckpointLoader(str(self.path), {"model": network}, metadata=metadata))

    def test_missing_file_is_named(self) -> None:
        with self.assertRaises(InputError) as raised:
            load(self.loader(torch.nn.Linear(2, 3)))
        for part in (str(self.path), "does not exist", "--checkpoint"):
            self.assertIn(part, str(raised.exception))

    def test_file_and_keys_that_do_not_fit_are_named(self) -> None:
        torch.save({"weight": torch.zeros(3, 2), "unexpected_name": torch.zeros(1)}, self.path)
        with self.assertRaises(InputError) as raised:
            load(self.loader(torch.nn.Linear(2, 3)))
        for part in (str(self.path), '"bias"', '"unexpected_name"'):
            self.assertIn(part, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))

    def test_file_and_shapes_that_do_not_fit_are_named(self) -> None:
        torch.save(torch.nn.Linear(2, 4).state_dict(), self.path)
        with self.assertRaises(InputError) as raised:
            load(self.loader(torch.nn.Linear(2, 3)))
        for part in (str(self.path), "weight", "[4, 2]", "[3, 2]"):
            self.assertIn(part, str(raised.exception))

    @parameterized.expand([("list", [torch.zeros(1)]), ("tensor", torch.zeros(1)), ("other_names", {"a": 1})])
    def test_contents_that_are_no_state_dict_are_refused_and_named(self, _: str, content: Any) -> None:
        torch.save(content, self.path)
        with self.assertRaisesRegex(InputError, f"{self.path} does not fit"):
            load(self.loader(torch.nn.Linear(2, 3)))

    @parameterized.expand([("whole", False), ("under_its_name", True)])
    def test_pickled_code_is_refused_and_does_not_run(self, _: str, nested: bool) -> None:
        made = self.root / "made_by_payload"
        torch.save({"model": Payload(made)} if nested else Payload(made), self.path)
        with self.assertRaisesRegex(InputError, str(self.path)):
            load(self.loader(torch.nn.Linear(2, 3)))
        self.assertFalse(made.exists())

    @parameterized.expand([("text", b"not weights"), ("empty", b""), ("page", b"<html>" + bytes(100)), ("cut", None)])
    def test_file_without_weights_is_refused_and_named(self, _: str, content: bytes | None) -> None:
        if content is None:
            torch.save(torch.nn.Linear(2, 3).state_dict(), self.path)
            content = self.path.read_bytes()[:-100]
        self.path.write_bytes(content)
        with self.assertRaisesRegex(InputError, str(self.path)) as raised:
            load(self.loader(torch.nn.Linear(2, 3)))
        self.assertNotIn("features", str(raised.exception), "the network's size is not wrong")


class TestCheckpointSaver(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.network = torch.nn.Linear(1, 1)

    def run_epochs(self, scores: list[float], best: float = -1, **kwargs: Any) -> CheckpointSaver:
        """Epoch i leaves weight i, and a validation score; ``best`` is the best of a training that is resumed."""
        engine = Engine(lambda engine, batch: None)
        engine.state.rank = 0
        engine.state.best_metric, engine.state.best_metric_epoch = best, 0 if best >= 0 else -1

        @engine.on(Events.EPOCH_COMPLETED)
        def validate(engine: Engine) -> None:
            torch.nn.init.constant_(self.network.weight, engine.state.epoch)
            score = engine.state.metrics["dice"] = scores[engine.state.epoch - 1]
            if score > engine.state.best_metric:  # as MONAI's engines do
                engine.state.best_metric, engine.state.best_metric_epoch = score, engine.state.epoch

        options = {"save_key_metric": True, "key_metric_name": "dice", "key_metric_filename": "model.pt", **kwargs}
        saver = CheckpointSaver(str(self.root), {"model": self.network}, **options)
        saver.attach(engine)
        engine.run([0], max_epochs=len(scores))
        return saver

    def saved_epoch(self, name: str = "model.pt") -> float:
        return torch.load(self.root / name, weights_only=True)["weight"].item()

    @parameterized.expand([([0.5, 0.8, 0.6], 2), ([0.9, 0.8, 0.6], 1), ([0.1, 0.2, 0.3], 3), ([0.0], 1)])
    def test_best_weights_are_kept_under_the_given_name(self, scores: list[float], best: int) -> None:
        self.run_epochs(scores)
        self.assertEqual(self.files(), ["model.pt"])
        self.assertEqual(self.saved_epoch(), best)

    def test_resumed_training_keeps_the_best_weights_of_before(self) -> None:
        self.run_epochs([0.5, 0.8])
        self.run_epochs([0.7, 0.6, 0.75], best=0.8)
        self.assertEqual(self.saved_epoch(), 2)

    def test_weights_are_moved_to_the_cpu(self) -> None:
        with mock.patch.object(torch.Tensor, "cpu", lambda tensor: tensor + 100):
            self.run_epochs([0.5])
        self.assertEqual(self.saved_epoch(), 101)
        self.assertEqual(self.network.weight.item(), 1)

    def test_final_weights_are_kept_under_their_name(self) -> None:
        options = {"save_final": True, "final_filename": "final.pt"}
        self.run_epochs([0.5, 0.8, 0.6], **options)
        self.assertEqual(self.files(), ["final.pt", "model.pt"])
        self.assertEqual((self.saved_epoch(), self.saved_epoch("final.pt")), (2, 3))

    def test_numbered_files_are_removed_when_there_are_too_many(self) -> None:
        self.run_epochs([0.1, 0.2, 0.3, 0.4], save_key_metric=False, save_interval=1, n_saved=2)
        self.assertEqual(self.files(), ["model_epoch=3.pt", "model_epoch=4.pt"])

    def test_loader_reads_what_the_saver_wrote(self) -> None:
        self.run_epochs([0.5])
        network = torch.nn.Linear(1, 1)
        load(CheckpointLoader(str(self.path), {"model": network}))
        self.assertEqual(network.weight.item(), 1)

    def test_file_tells_its_organs_and_is_refused_for_others(self) -> None:
        self.run_epochs([0.5], organs=["liver", "spleen"])
        networks = {"model": torch.nn.Linear(1, 1)}
        for organs in (["liver", "spleen"], None):
            load(CheckpointLoader(str(self.path), networks, organs=organs))
        for organs in (["spleen", "liver"], ["kidney", "spleen"], ["liver"]):
            with self.assertRaisesRegex(
                InputError, rf"model.pt was trained for the organs \['liver', 'spleen'\].*{organs[0]}"
            ):
                load(CheckpointLoader(str(self.path), networks, organs=organs))
        torch.save({"model": torch.load(self.path, weights_only=True)}, self.path)
        with self.assertRaisesRegex(InputError, "was trained for the organs"):
            load(CheckpointLoader(str(self.path), networks, organs=["kidney", "spleen"]))
        torch.save(dict(torch.load(self.path, weights_only=True)["model"]), self.path)  # written by another program
        load(CheckpointLoader(str(self.path), networks, organs=["kidney", "spleen"]))

    @parameterized.expand([(["spleen"],), (["spleen", "liver"],), (["kidney", "liver"],)])
    def test_network_of_some_organs_gets_their_outputs(self, organs: list[str]) -> None:
        torch.manual_seed(0)
        trained = ["liver", "spleen", "kidney"]
        whole, some = narrow_network(len(trained)), narrow_network(len(organs))
        weights = whole.state_dict()
        weights._metadata[""]["organs"] = trained
        torch.save(weights, self.path)
        load(CheckpointLoader(str(self.path), {"model": some}, organs=organs))
        image, rows = torch.rand(2, 3, 32, 32), [trained.index(organ) for organ in organs]
        torch.testing.assert_close(some.train()(image)[0], whole.train()(image)[0][:, rows])
        torch.testing.assert_close(some.presence_logits(image), whole.presence_logits(image)[:, rows])

    def test_file_of_an_earlier_run_is_replaced(self) -> None:
        self.path.write_bytes(b"older")
        self.run_epochs([0.5])
        self.assertEqual(self.saved_epoch(), 1)

    def test_what_a_killed_run_left_of_a_file_is_removed_and_nothing_else(self) -> None:
        for name in (".123.model.pt", ".123.final.pt", ".123.other.pt"):
            (self.root / name).write_bytes(b"half")
        self.run_epochs([0.5], save_final=True, final_filename="final.pt")
        self.assertEqual(self.files(), [".123.other.pt", "final.pt", "model.pt"])

    def test_file_is_never_absent_or_half_written(self) -> None:
        """Whenever something is written, the last best file still lies under its name."""
        seen: list[float | None] = []
        save = torch.save

        def spy(*args: Any, **kwargs: Any) -> None:
            seen.append(self.saved_epoch() if self.path.exists() else None)
            save(*args, **kwargs)
            seen.append(self.saved_epoch() if self.path.exists() else None)

        with mock.patch("torch.save", spy):
            self.run_epochs([0.1, 0.2, 0.3])
        self.assertEqual(seen, [None, None, 1, 1, 2, 2])
        self.assertEqual(self.saved_epoch(), 3)

    @parameterized.expand([(OSError("disk full"),), (KeyboardInterrupt(),)])
    def test_failure_leaves_the_older_file_as_it_was_and_no_other(self, error: BaseException) -> None:
        self.run_epochs([0.5])
        before = self.path.read_bytes()

        def fail(checkpoint: Any, file: Any, **kwargs: Any) -> None:
            if isinstance(file, (str, Path)):
                Path(file).write_bytes(b"half a file")
            else:
                file.write(b"half a file")
            raise error

        with mock.patch("torch.save", fail), self.assertRaises(type(error)):
            self.run_epochs([0.9])
        self.assertEqual(self.files(), ["model.pt"])
        self.assertEqual(self.path.read_bytes(), before)

    def test_others_may_read_the_file(self) -> None:
        self.run_epochs([0.5])
        self.assertEqual(self.path.stat().st_mode & 0o444, 0o444)


if __name__ == "__main__":
    unittest.main()
