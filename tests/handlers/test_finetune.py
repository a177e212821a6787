# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import torch
from ignite.engine import Engine
from parameterized import parameterized

from monai_unet3plus.handlers import FinetuneLoader
from monai_unet3plus.networks.nets import UNet3Plus
from monai_unet3plus.utils.errors import InputError


def network(organs: int, guided: bool = True, features: tuple[int, ...] = (2, 4, 8)) -> UNet3Plus:
    return UNet3Plus(
        out_channels=organs, features=features, deep_supervision=True, classification_guided=guided, norm="instance"
    ).eval()


class TestFinetuneLoader(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(Path(folder.name) / "model.pt")
        self.trained = network(2)
        torch.save(self.trained.state_dict(), self.path)
        self.x = torch.rand(2, 3, 16, 16)

    def load(self, new: UNet3Plus, organs: list[str], checkpoint_organs: list[str] | None) -> str:
        engine = Engine(lambda engine, batch: None)
        FinetuneLoader(self.path, new, organs, checkpoint_organs).attach(engine)
        with self.assertLogs("monai_unet3plus.handlers.finetune") as log:
            engine.run([0])
        return "\n".join(log.output)

    def test_an_organ_keeps_its_outputs_at_another_place(self) -> None:
        new = network(3)
        before = new.side_outputs(new.encode(self.x))[1][:, :1]
        log = self.load(new, ["kidney", "spleen", "liver"], ["liver", "spleen"])
        maps, trained_maps = new.encode(self.x), self.trained.encode(self.x)
        for ours, theirs in zip(new.side_outputs(maps), self.trained.side_outputs(trained_maps)):
            torch.testing.assert_close(ours[:, [2, 1]], theirs)
        torch.testing.assert_close(new.presence_logits(self.x)[:, [2, 1]], self.trained.presence_logits(self.x))
        self.assertFalse(torch.equal(new.side_outputs(maps)[1][:, :1], before), "the encoder is the trained one")
        self.assertIn("outputs of ['kidney']", log)

    def test_same_organs_are_taken_over_whole(self) -> None:
        new = network(2)
        self.load(new, ["liver", "spleen"], ["liver", "spleen"])
        torch.testing.assert_close(new(self.x), self.trained(self.x))

    def test_organs_that_the_file_tells_need_not_be_said(self) -> None:
        state = self.trained.state_dict()
        state._metadata[""]["organs"] = ["spleen", "liver"]
        torch.save(state, self.path)
        new = network(1)
        self.load(new, ["liver"], None)
        torch.testing.assert_close(new.presence_logits(self.x), self.trained.presence_logits(self.x)[:, 1:])

    def test_layers_that_the_checkpoint_lacks_start_anew_and_are_named(self) -> None:
        torch.save({"model": network(2, guided=False).state_dict()}, self.path)
        new = network(2)
        before = new.presence_head.conv.weight.clone()
        self.assertIn("presence_head.conv.weight", self.load(new, ["liver", "spleen"], ["liver", "spleen"]))
        self.assertTrue(torch.equal(new.presence_head.conv.weight, before))

    def test_organs_and_layers_that_are_left_in_the_file_are_named(self) -> None:
        log = self.load(network(1, guided=False), ["liver"], ["liver", "spleen"])
        self.assertRegex(log, r"left in the file: outputs of \['spleen'\]; weights \['presence_head.conv.bias', ")

    @parameterized.expand(
        [(["liver"], "2 organs in heads.*1 are named: .*finetune_organs"), (None, "finetune_organs: ")]
    )
    def test_organs_have_to_be_said(self, organs: list[str] | None, sentence: str) -> None:
        with self.assertRaisesRegex(InputError, sentence):
            FinetuneLoader(self.path, network(1), ["liver"], organs)(None)  # type: ignore[arg-type]

    def test_other_features_and_other_networks_are_refused(self) -> None:
        with self.assertRaisesRegex(InputError, "of shape .* Give the features"):
            self.load(network(2, features=(2, 4, 6)), ["a", "b"], ["a", "b"])
        torch.save(torch.nn.Linear(1, 1).state_dict(), self.path)
        with self.assertRaisesRegex(InputError, "does not fit the network"):
            self.load(network(2), ["a", "b"], ["a", "b"])

    def test_missing_file_is_named(self) -> None:
        with self.assertRaisesRegex(InputError, "finetune_from: .*nowhere.pt does not exist"):
            FinetuneLoader("nowhere.pt", network(2), ["a", "b"], ["a", "b"])(None)  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
